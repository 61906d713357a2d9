//! A thousand targets on one port of as many loopback addresses, which count how often they are
//! asked. Threads of their own serve them; these end when this is dropped.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Result;
use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivateKeyDer};
use socket2::{Domain, Socket, Type};

use super::{Question, TARGETS};
use crate::machine;

/// Threads that serve.
const SERVERS: usize = 4;
/// Checks that wait to be served: the first ones of all targets come at once.
const BACKLOG: i32 = 1024;
/// How long a check may leave a target waiting.
const PATIENCE: Duration = Duration::from_secs(1);
/// What is asked for.
pub(super) const PATH: &str = "/health";

/// Targets that are served.
#[derive(Debug)]
pub struct Targets {
    network: u8,
    port: u16,
    checks: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Targets {
    /// Serves 127.`network`.0.0 and the addresses that follow, on one processor if given.
    pub fn serve(network: u8, question: Question, cpu: Option<usize>) -> Result<Self> {
        let listener = listen()?;
        let port = listener.local_addr()?.port();
        let targets = Self { network, port, checks: Arc::default(), is_over: Arc::default() };
        let tls = if question == Question::Https { Some(tls()?) } else { None };
        for _ in 0..SERVERS {
            let (listener, tls) = (listener.try_clone()?, tls.clone());
            let (checks, is_over) = (Arc::clone(&targets.checks), Arc::clone(&targets.is_over));
            thread::spawn(move || {
                if let Some(cpu) = cpu {
                    // Placed by the kernel, then.
                    let _ = machine::pin_this_thread(cpu);
                }
                for stream in listener.incoming().flatten() {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    checks.fetch_add(1, Ordering::Relaxed);
                    // A check that fails is the checker's to tell.
                    let _ = answer(stream, question, tls.as_ref());
                }
            });
        }
        Ok(targets)
    }

    /// Their addresses.
    pub fn addrs(&self) -> impl Iterator<Item = SocketAddr> {
        let (network, port) = (self.network, self.port);
        (0..TARGETS).map(u16::to_be_bytes).map(move |[high, low]| {
            SocketAddr::from((Ipv4Addr::new(127, network, high, low), port))
        })
    }

    /// How often they were asked.
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }
}

impl Drop for Targets {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for _ in 0..SERVERS {
            // Each wakes one of them.
            let _ = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, self.port).into(), PATIENCE);
        }
    }
}

/// A port of all loopback addresses.
fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind_device(Some(b"lo"))?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn answer(
    mut stream: TcpStream,
    question: Question,
    tls: Option<&Arc<ServerConfig>>,
) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    match tls {
        None if question == Question::Tcp => Ok(()),
        None => say(&mut stream),
        Some(tls) => {
            let tls = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
            let mut stream = StreamOwned::new(tls, stream);
            say(&mut stream)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
    }
}

fn say(stream: &mut (impl Read + Write)) -> io::Result<()> {
    let asked = stream.read(&mut [0; 1024])?;
    if asked == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
}

fn tls() -> Result<Arc<ServerConfig>> {
    let made = rcgen::generate_simple_self_signed(["target.test".to_owned()])?;
    let key =
        PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    Ok(Arc::new(config))
}
