//! The target: a thread that sends datagrams back, or only counts them, as they ask for.
//!
//! It takes each datagram for itself, as most servers do (no UDP_GRO), many with one call. Relies
//! on the load to keep fewer datagrams under way than its buffer holds.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
};

use mio::{Events, Interest, Poll, Token, Waker, net::UdpSocket};
use socket2::{Domain, Socket, Type};
use sys::packets::{BURST, Inbox, Outgoing, send};

use crate::machine;

/// The first byte of a datagram that is to come back.
pub const ECHO: u8 = b'e';
/// The first byte of one that is only counted.
pub const COUNT: u8 = b'c';
/// Asked of the kernel for datagrams that wait.
pub const BUFFER_BYTES: usize = 4 << 20;
const SOCKET: Token = Token(0);
const STOP: Token = Token(1);

/// A running target. It ends when this is dropped.
#[derive(Debug)]
pub struct Target {
    counted: Arc<AtomicU64>,
    stop: Waker,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Target {
    /// Serves an address, on one processor if given.
    pub fn start(addr: SocketAddr, cpu: Option<usize>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let socket = Socket::new(Domain::for_address(addr), Type::DGRAM.nonblocking(), None)?;
        socket.set_recv_buffer_size(BUFFER_BYTES)?;
        socket.bind(&addr.into())?;
        let mut socket = UdpSocket::from_std(socket.into());
        poll.registry().register(&mut socket, SOCKET, Interest::READABLE)?;
        let stop = Waker::new(poll.registry(), STOP)?;
        let counted = Arc::new(AtomicU64::new(0));
        let server = Server { poll, socket, inbox: Inbox::new(BURST), counted: counted.clone() };
        let thread = thread::Builder::new().name("target".into()).spawn(move || {
            if let Some(cpu) = cpu {
                machine::pin_this_thread(cpu)?;
            }
            server.serve()
        })?;
        Ok(Self { counted, stop, thread: Some(thread) })
    }

    /// How many datagrams arrived that asked to be counted.
    pub fn counted(&self) -> u64 {
        self.counted.load(Relaxed)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // A thread that is already over has nobody to wake and nothing more to say.
        let _ = self.stop.wake();
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

struct Server {
    poll: Poll,
    socket: UdpSocket,
    inbox: Inbox,
    counted: Arc<AtomicU64>,
}

impl Server {
    fn serve(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(2);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
            if events.iter().any(|event| event.token() == STOP) {
                return Ok(());
            }
            self.take()?;
        }
    }

    fn take(&mut self) -> io::Result<()> {
        loop {
            self.inbox.clear();
            match self.inbox.receive(self.socket.as_fd(), BURST) {
                Ok(_) => self.answer(),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // A candidate that closed its socket before the answer came.
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn answer(&self) {
        let (mut echoes, mut counted) = (Vec::with_capacity(BURST), 0);
        for message in (0..self.inbox.len()).filter_map(|at| self.inbox.get(at)) {
            for bytes in message.datagrams() {
                match bytes.first() {
                    Some(&ECHO) => echoes.push((message.peer, [IoSlice::new(bytes)])),
                    _ => counted += 1,
                }
            }
        }
        self.counted.fetch_add(counted, Relaxed);
        let echoes = echoes.iter();
        let answers: Vec<_> =
            echoes.map(|(to, parts)| Outgoing { to: *to, parts, segment: None }).collect();
        let mut rest = &answers[..];
        while !rest.is_empty() {
            // What can't be sent is lost, and the load notices.
            let done = send(self.socket.as_fd(), rest).unwrap_or(1).max(1);
            rest = &rest[done..];
        }
    }
}
