//! A steady load of short connections, connections that are held beside it, and targets that tell
//! their names: who was cut, and who was not, counted exactly.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{client, topology::PORT};

/// Threads that make the short connections, so that a slow one does not hold up the others.
const THREADS: u32 = 8;
/// How long a held connection is listened to before it counts as alive and silent.
const SILENCE: Duration = Duration::from_millis(20);

/// A target that first sends its name, one byte, and then echoes; its health has a port of its own.
#[derive(Debug)]
pub struct NamedTarget {
    /// Where clients go.
    pub addr: SocketAddr,
    health: SocketAddr,
    answers: Option<TcpListener>,
    taken: Arc<AtomicU64>,
}

impl NamedTarget {
    /// Starts one that is healthy.
    pub fn start(ip: Ipv4Addr, (port, health): (u16, u16), name: u8) -> Self {
        let listener = listen((ip, port).into());
        let taken = Arc::new(AtomicU64::new(0));
        let new = Self {
            addr: (ip, port).into(),
            health: (ip, health).into(),
            answers: Some(listen((ip, health).into())),
            taken: Arc::clone(&taken),
        };
        // Ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                taken.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || echo(stream, name));
            }
        });
        new
    }

    /// How many connections it has taken.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::SeqCst)
    }

    /// Refuses probes from now on; clients are still taken.
    pub fn sicken(&mut self) {
        self.answers = None;
    }

    /// Answers probes again.
    pub fn recover(&mut self) {
        self.answers = Some(listen(self.health));
    }
}

#[expect(clippy::disallowed_methods, reason = "the rig may block")]
fn listen(addr: SocketAddr) -> TcpListener {
    TcpListener::bind(addr).unwrap()
}

fn echo(mut stream: TcpStream, name: u8) {
    let mut byte = [name];
    while stream.write_all(&byte).is_ok() {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
    }
}

/// A connection that stays open.
#[derive(Debug)]
pub struct Held {
    stream: TcpStream,
    /// The target's name.
    pub target: u8,
}

impl Held {
    /// Opens one and learns where it went.
    pub fn open(address: IpAddr) -> std::io::Result<Self> {
        let mut stream = client::connect(address, PORT)?;
        let mut name = [0];
        stream.read_exact(&mut name)?;
        Ok(Self { stream, target: name[0] })
    }

    /// Ends it in order: the target's half ends as well, so that nothing is left in between.
    pub fn finish(mut self) -> std::io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        match self.stream.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    /// Whether a byte goes there and back; if not, the connection was reset.
    pub fn is_alive(&mut self) -> bool {
        let mut byte = [0];
        if self.stream.write_all(b"?").is_err() {
            return false;
        }
        match self.stream.read_exact(&mut byte) {
            Ok(()) => byte == *b"?",
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "cut by a reset");
                false
            }
        }
    }

    /// Whether it was reset already, without sending anything.
    pub fn is_reset(&self) -> bool {
        self.stream.set_read_timeout(Some(SILENCE)).unwrap();
        let read = (&self.stream).read(&mut [0]);
        self.stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        matches!(read, Err(error) if error.kind() == ErrorKind::ConnectionReset)
    }
}

/// How the short connections went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Those that reached a target and ended in order.
    pub served: u64,
    /// Those that did not.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct Shared {
    served: AtomicU64,
    failed: AtomicU64,
    is_over: AtomicBool,
}

/// Short connections at a steady rate, until it is stopped.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    started: Instant,
}

impl Load {
    /// So many connections per second, to the addresses in turn.
    pub fn start(addresses: &[IpAddr], per_second: u32) -> Self {
        let shared = Arc::new(Shared::default());
        let started = now();
        let threads = (0..THREADS).map(|thread| {
            let (shared, addresses) = (Arc::clone(&shared), addresses.to_vec());
            thread::spawn(move || {
                let mut turns = (thread..).step_by(usize::try_from(THREADS).unwrap());
                while !shared.is_over.load(Ordering::SeqCst) {
                    let turn = turns.next().unwrap();
                    let due = started + Duration::from_secs(1) * turn / per_second;
                    thread::sleep(due.saturating_duration_since(now()));
                    let address = addresses[turn as usize / THREADS as usize % addresses.len()];
                    let count = match Held::open(address).and_then(Held::finish) {
                        Ok(()) => &shared.served,
                        Err(_) => &shared.failed,
                    };
                    count.fetch_add(1, Ordering::SeqCst);
                }
            })
        });
        Self { threads: threads.collect(), shared, started }
    }

    /// Stops it; how the connections went, and how many there were per second.
    pub fn stop(self) -> (Count, f64) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        let (served, failed) =
            (self.shared.served.load(Ordering::SeqCst), self.shared.failed.load(Ordering::SeqCst));
        let seconds = (now() - self.started).as_secs_f64();
        (Count { served, failed }, (served + failed) as f64 / seconds)
    }
}

#[expect(clippy::disallowed_methods, reason = "the rig keeps a pace in real time")]
fn now() -> Instant {
    Instant::now()
}
