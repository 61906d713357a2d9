//! The clients: handshakes with and without resumption, bytes through one connection, connections
//! that stay open.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned,
    client::Resumption,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};

use crate::{
    machine,
    source::{self, Sources},
    wire::{CHUNK, MESSAGE, Request},
};

/// The host of the certificate.
pub const HOST: &str = "bench.example.test";
/// Connections at the same time.
const AT_ONCE: usize = 8;
/// How long anything may take before the run fails.
const PATIENCE: Duration = Duration::from_secs(30);

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// What is done to a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// So many connections with a whole handshake and one request each.
    Handshakes(usize),
    /// The same, each taking up the session of the one before.
    Resumptions(usize),
    /// So many bytes to the back end.
    Upload(u64),
    /// So many bytes from it.
    Download(u64),
}

/// A client of one authority.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    cpu: Option<usize>,
}

impl Client {
    /// Trusts this certificate, and runs on one processor if given.
    pub fn trusting(certificate: CertificateDer<'static>, cpu: Option<usize>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), cpu })
    }

    fn resuming(&self, is_on: bool) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.config);
        config.resumption =
            if is_on { Resumption::in_memory_sessions(64) } else { Resumption::disabled() };
        Arc::new(config)
    }

    /// Does the work.
    pub fn run(&self, work: Work, to: SocketAddr) -> Result<()> {
        match work {
            Work::Handshakes(count) => self.connections(count, HandshakeKind::Full, to),
            Work::Resumptions(count) => self.connections(count, HandshakeKind::Resumed, to),
            Work::Upload(bytes) => self.bulk(Request::Upload(bytes), bytes, to),
            Work::Download(bytes) => self.bulk(Request::Download(bytes), bytes, to),
        }
    }

    /// Opens connections that have carried one request, and leaves them open.
    pub fn open(&self, count: usize, to: SocketAddr) -> Result<Vec<impl Sized + use<>>> {
        let (config, mut sources) = (self.resuming(false), Sources::seeded(7));
        (0..count).map(|_| asked(&config, &mut sources, to)).collect()
    }

    fn connections(&self, count: usize, kind: HandshakeKind, to: SocketAddr) -> Result<()> {
        let one = |seed: usize| {
            if let Some(cpu) = self.cpu {
                machine::pin_this_thread(cpu)?;
            }
            let config = self.resuming(kind == HandshakeKind::Resumed);
            let mut sources = Sources::seeded(u32::try_from(seed)?);
            for round in 0..count / AT_ONCE {
                let stream = asked(&config, &mut sources, to)?;
                let found = stream.conn.handshake_kind();
                // The first has no session to take up.
                ensure!(round == 0 || found == Some(kind), "{found:?} in place of {kind:?}");
                source::reset(mio::net::TcpStream::from_std(stream.sock))?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let all: Vec<_> = (0..AT_ONCE).map(|seed| scope.spawn(move || one(seed))).collect();
            all.into_iter().try_for_each(|it| {
                it.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a client panicked")))
            })
        })
    }

    fn bulk(&self, request: Request, bytes: u64, to: SocketAddr) -> Result<()> {
        let mut sources = Sources::seeded(1);
        let mut stream = connect(&self.resuming(false), &mut sources, to)?;
        stream.write_all(&request.encode())?;
        let mut buffer = vec![0; CHUNK];
        let chunk = u64::try_from(CHUNK)?;
        if let Request::Upload(_) = request {
            for _ in 0..bytes / chunk {
                stream.write_all(&buffer)?;
            }
            stream.flush()?;
            stream.read_exact(&mut buffer[..MESSAGE])?;
        } else {
            let mut left = bytes;
            while left > 0 {
                let read = stream.read(&mut buffer)?;
                ensure!(read > 0, "{left} bytes are missing");
                left -= u64::try_from(read)?;
            }
        }
        Ok(())
    }
}

/// A connection with a handshake, and one request on it.
fn asked(config: &Arc<ClientConfig>, sources: &mut Sources, to: SocketAddr) -> Result<Stream> {
    let mut stream = connect(config, sources, to)?;
    stream.write_all(&Request::Echo.encode())?;
    stream.read_exact(&mut [0; MESSAGE]).context("read the reply")?;
    Ok(stream)
}

fn connect(config: &Arc<ClientConfig>, sources: &mut Sources, to: SocketAddr) -> Result<Stream> {
    let socket = TcpStream::from(sources.connect(to)?);
    // What is sent waits until it is connected.
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from(HOST).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::clone(config), name)?;
    Ok(StreamOwned::new(connection, socket))
}
