//! One connection from its first byte to its last: requests and answers, each with its limits.
//!
//! Relies on hyper for the protocol and on [`Phases`] for what it waits for. Does not know what a
//! request means.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::{
    Request,
    body::{Body, Incoming},
    header::EXPECT,
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Arrival, BODY_BYTES_MAX, BodyError, CONNECTION_LIFETIME_MAX, Channel, DISCARD_BYTES_MAX, GRACE,
    HEAD_BYTES_MAX, HEADERS_MAX, Handler, Limits,
    arrival::{self, Opened},
    peer::Seat,
    phase::{Phase, Phases, Told},
};
use crate::tls::Tls;

/// A connection that was taken.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) tls: Option<Tls>,
    pub(super) peer: SocketAddr,
    pub(super) limits: Limits,
    /// Held as long as the connection is.
    pub(super) seat: Seat,
}

impl Connection {
    /// Serves until it ends, or is to end.
    pub(super) async fn serve<H: Handler>(
        self,
        handler: Arc<H>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let Self { stream, tls, peer, limits, seat } = self;
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "set TCP_NODELAY on an API connection");
        }
        let opened = tokio::select! {
            opened = arrival::open(stream, tls.as_ref(), limits.head_timeout) => opened,
            // Nothing was asked yet.
            _ = stopped.wait_for(|stop| *stop) => None,
        };
        match opened {
            Some(Opened::Plain(stream, channel)) => {
                Dialogue { arrival: Arrival { peer, channel }, limits }
                    .hold(stream, handler, stopped)
                    .await;
            }
            Some(Opened::Tls(stream)) => {
                Dialogue { arrival: Arrival { peer, channel: Channel::Tls }, limits }
                    .hold(stream, handler, stopped)
                    .await;
            }
            None => {}
        }
        drop(seat);
    }
}

/// Requests and answers.
struct Dialogue {
    arrival: Arrival,
    limits: Limits,
}

impl Dialogue {
    async fn hold<H: Handler>(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        handler: Arc<H>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let Self { arrival, limits } = self;
        let phases = Phases::new();
        let service = service_fn(|request: Request<Incoming>| {
            let (handler, phases) = (Arc::clone(&handler), phases.clone());
            async move {
                phases.enter(Phase::Busy);
                let (head, body) = request.into_parts();
                let body = read_body(&head, body, limits.body_timeout).await;
                let response = handler.handle(arrival, head, body).await;
                phases.enter(Phase::Idle);
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            // Heads have their limit in `phases`.
            .header_read_timeout(None)
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(TokioIo::new(Told::new(stream, phases.clone())), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = phases.overdue(limits.head_timeout, limits.keep_alive) => Some(Ok(())),
            // An error means that the sender is gone, which means to stop, too.
            _ = stopped.wait_for(|stop| *stop) => None,
            () = sleep(CONNECTION_LIFETIME_MAX) => None,
        };
        let ended = match ended {
            Some(ended) => Ok(ended),
            None => {
                connection.as_mut().graceful_shutdown();
                timeout(GRACE, connection).await
            }
        };
        if let Ok(Err(error)) = ended {
            tracing::debug!(%error, "serve an API connection");
        }
    }
}

async fn read_body(head: &Parts, body: Incoming, limit: Duration) -> Result<Bytes, BodyError> {
    let stated = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let waits_for_consent = head.headers.contains_key(EXPECT);
    if stated > DISCARD_BYTES_MAX || (waits_for_consent && stated > BODY_BYTES_MAX) {
        return Err(BodyError::TooLarge);
    }
    timeout(limit, collect(body)).await.unwrap_or(Err(BodyError::TimedOut))
}

async fn collect(mut body: Incoming) -> Result<Bytes, BodyError> {
    let mut kept = BytesMut::new();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        // Trailers are read and dropped: no signature of ours covers them.
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        received += data.len();
        if received > DISCARD_BYTES_MAX {
            return Err(BodyError::TooLarge);
        } else if received > BODY_BYTES_MAX {
            kept = BytesMut::new();
        } else {
            kept.extend_from_slice(&data);
        }
    }
    if received > BODY_BYTES_MAX { Err(BodyError::TooLarge) } else { Ok(kept.freeze()) }
}
