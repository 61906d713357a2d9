//! The built-in target: something to connect to, for demonstrations, tests and load tests.
//!
//! It takes connections with or without a PROXY protocol header, version 1 or 2, and does one of
//! four things with them. Relies on `dataplane_core::proxy_header` for the header's bytes. Does not
//! know that there is a gateway in front of it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tracing::{debug, warn};

mod opening;
mod stream;
mod whoami;

use opening::Opening;

/// Connections at a time; more wait in the backlog. A load test of 10,000 fits several times.
const CONNECTIONS_MAX: usize = 50_000;
/// Connections that may wait to be taken; the kernel cuts it down to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;
/// How long a connection may do nothing: far beyond the gateway's own 350 s, so that those show.
const IDLE_WAIT: Duration = Duration::from_secs(3600);
/// How long to wait when the system has no file descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a target does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// Answer HTTP requests with what is known of the connection, as JSON.
    Whoami,
    /// Send back what comes in.
    Echo,
    /// Count what comes in; at its end send the count and a line feed.
    Sink,
    /// Send bytes, byte number i being i modulo 251; throw away what comes in.
    Source,
}

impl Mode {
    /// The modes by name.
    pub(crate) const WORDS: [(&'static str, Self); 4] = [
        ("whoami", Self::Whoami),
        ("echo", Self::Echo),
        ("sink", Self::Sink),
        ("source", Self::Source),
    ];
}

/// What a target is and does.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    /// The name it answers with.
    pub(crate) name: Arc<str>,
    /// What it does.
    pub(crate) mode: Mode,
    /// How much `Source` sends; none means until the client has gone.
    pub(crate) source_bytes: Option<u64>,
}

/// A target that is bound.
pub(crate) struct Target {
    listener: std::net::TcpListener,
    behaviour: Behaviour,
}

impl Target {
    /// Binds the address.
    pub(crate) fn bind(addr: SocketAddr, behaviour: Behaviour) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self { listener: socket.into(), behaviour })
    }

    /// The address, with the port chosen.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Takes connections until it is dropped, and with it all of them.
    pub(crate) async fn serve(self) {
        let listener = match TcpListener::from_std(self.listener) {
            Ok(listener) => listener,
            Err(error) => {
                warn!(target = %self.behaviour.name, %error, "cannot take connections");
                return;
            }
        };
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let behaviour = self.behaviour.clone();
                    connections.spawn(async move {
                        if let Err(error) = converse(stream, peer, &behaviour).await {
                            debug!(target = %behaviour.name, %peer, %error, "connection broke off");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!(target = %self.behaviour.name, %error, "cannot take a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// One connection from its first byte to its last.
async fn converse(
    mut stream: TcpStream,
    peer: SocketAddr,
    behaviour: &Behaviour,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let opening = match behaviour.mode {
        Mode::Source => Opening::read_eagerly(&mut stream).await?,
        Mode::Whoami | Mode::Echo | Mode::Sink => Opening::read(&mut stream).await?,
    };
    match behaviour.mode {
        Mode::Whoami => whoami::answer(stream, peer, opening, Arc::clone(&behaviour.name)).await,
        Mode::Echo => stream::echo(stream, &opening.rest).await,
        Mode::Sink => stream::sink(stream, &opening.rest).await,
        Mode::Source => stream::source(stream, behaviour.source_bytes).await,
    }
}

#[cfg(test)]
mod tests;
