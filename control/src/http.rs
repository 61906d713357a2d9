//! HTTP/1.1 towards strangers, with TLS or without: accepting, limits, time limits, stopping.
//!
//! Relies on hyper for the protocol and on `tls` for the handshake. Does not know what a request
//! means: a handler gets the head and the whole body, or why there is none. Every wait and every
//! buffer has its bound here.

mod arrival;
mod connection;
mod peer;
mod phase;

use std::{future::Future, net::IpAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, http::request::Parts};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::sleep,
};

pub(crate) use arrival::{Arrival, Channel, Negotiated};
use connection::Connection;
use peer::{Peers, Seat};
pub(crate) use phase::Phase;

use crate::{config, metrics, tls::Tls};

/// Connections at one time; more wait in the listener's backlog. With the largest body in each, 128
/// MiB.
const CONNECTIONS_MAX: usize = 512;
/// The largest body taken: 1,000 targets with all members are some 150 KiB.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;
/// How much of a body that is too large is read and dropped, so that a client that is still writing
/// gets to read the answer instead of a reset.
const DISCARD_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Head of a request: that of a session has some 6 KiB, a signed query of a GET may be longer.
pub(crate) const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Headers of a request; stock clients send about ten.
pub(crate) const HEADERS_MAX: usize = 64;
/// What is read of a head: more than is taken, so that too large a head is answered in the form of
/// its protocol. What is larger still is answered by hyper, with a status alone.
const BUFFER_BYTES_MAX: usize = 2 * HEAD_BYTES_MAX;
/// As many headers as are read, likewise.
const HEADERS_READ_MAX: usize = 4 * HEADERS_MAX;
/// Connections beside all others that are only told that there is no room, so that a stock client
/// tries again instead of reporting a broken connection. More are closed without a word.
const REFUSED_MAX: usize = 32;
/// How long each step of such a connection may take.
const REFUSED_STEP: Duration = Duration::from_secs(2);
/// How long a caller may take to read its answer. The largest has some MiB.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long the last word on a connection may take to be written.
const LAST_WORD: Duration = Duration::from_secs(1);
/// How long a connection may live, so that a peer that does not read its answers holds it no
/// longer.
const CONNECTION_LIFETIME_MAX: Duration = Duration::from_secs(600);
/// How long a request in progress may still take once its connection is to end.
const GRACE: Duration = Duration::from_secs(5);
/// How long to wait before accepting again when the machine is out of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// What a peer may use of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    connections_per_peer: usize,
    head_timeout: Duration,
    body_timeout: Duration,
    answer_timeout: Duration,
    keep_alive: Duration,
}

impl Limits {
    /// Those of the configuration.
    pub(crate) fn of(limits: &config::Limits) -> Self {
        let config::Limits { connections_per_peer, head_timeout, body_timeout, keep_alive, .. } =
            *limits;
        let answer_timeout = ANSWER_TIMEOUT;
        Self { connections_per_peer, head_timeout, body_timeout, answer_timeout, keep_alive }
    }

    /// Those of a connection that is only told that there is no room.
    fn of_refused(self) -> Self {
        Self {
            head_timeout: self.head_timeout.min(REFUSED_STEP),
            body_timeout: self.body_timeout.min(REFUSED_STEP),
            answer_timeout: self.answer_timeout.min(REFUSED_STEP),
            keep_alive: Duration::ZERO,
            ..self
        }
    }
}

/// Why a request has no body to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is larger than [`BODY_BYTES_MAX`].
    TooLarge,
    /// The head before it is larger than [`HEAD_BYTES_MAX`], or has more than [`HEADERS_MAX`].
    HeadTooLarge,
    /// It did not arrive in time.
    TimedOut,
    /// The connection broke or the framing is wrong.
    Broken,
}

/// What answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn handle(
        &self,
        arrival: Arrival,
        head: Parts,
        body: Result<Bytes, BodyError>,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// Serves until `shutdown` ends; requests in progress get [`GRACE`] to end.
pub(crate) async fn serve<H: Handler>(
    listener: TcpListener,
    tls: Option<Tls>,
    handler: Arc<H>,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send,
) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX + REFUSED_MAX));
    let refused = Arc::new(Semaphore::new(REFUSED_MAX));
    let peers = Peers::new(CONNECTIONS_MAX, limits.connections_per_peer);
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((slot, listener.accept().await))
        };
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accepted => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Some((slot, Ok((stream, peer)))) => {
                let Some(place) = Place::find(&peers, &refused, peer.ip()) else { continue };
                let (handler, stopped) = (Arc::clone(&handler), stopped.clone());
                let is_refused = matches!(place, Place::Refused(_));
                let limits = if is_refused { limits.of_refused() } else { limits };
                let tls = tls.clone();
                let connection = Connection { stream, tls, peer, limits, is_refused };
                connections.spawn(async move {
                    connection.serve(handler, stopped).await;
                    drop((place, slot));
                });
            }
            Some((_, Err(error))) => {
                tracing::warn!(%error, "accept an API connection");
                sleep(ACCEPT_RETRY).await;
            }
            None => break,
        }
    }
    drop(listener);
    // Nobody listens if there is no connection; then there is nothing to stop.
    stop.send_replace(true);
    while connections.join_next().await.is_some() {}
}

/// What a connection holds as long as it is there.
enum Place {
    /// A seat among those that are served.
    Seat(#[expect(dead_code, reason = "held to be dropped")] Seat),
    /// A place to be refused at.
    Refused(#[expect(dead_code, reason = "held to be dropped")] OwnedSemaphorePermit),
}

impl Place {
    fn find(peers: &Arc<Peers>, refused: &Arc<Semaphore>, peer: IpAddr) -> Option<Self> {
        if let Some(seat) = peers.seat(peer) {
            return Some(Self::Seat(seat));
        }
        metrics::connection_refused();
        Arc::clone(refused).try_acquire_owned().ok().map(Self::Refused)
    }
}

#[cfg(test)]
mod tests;
