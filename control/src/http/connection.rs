//! One connection from its first byte to its last: requests and answers, each with its limits.
//!
//! Relies on hyper for the protocol and on [`Phases`] for what it waits for. Does not know what a
//! request means.

use std::{convert::Infallible, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::{
    Request,
    body::{Body, Incoming},
    header::{CONNECTION, EXPECT, HeaderValue},
    http::request::Parts,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    Arrival, BODY_BYTES_MAX, BUFFER_BYTES_MAX, BodyError, CONNECTION_LIFETIME_MAX, Channel,
    DISCARD_BYTES_MAX, GRACE, HEAD_BYTES_MAX, HEADERS_MAX, HEADERS_READ_MAX, Handler, LAST_WORD,
    Limits,
    arrival::{self, Opened},
    phase::{Phase, PhaseLimits, Phases, Told},
};
use crate::{metrics, tls::Tls};

/// A connection that was taken.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) tls: Option<Tls>,
    pub(super) peer: SocketAddr,
    pub(super) limits: Limits,
    /// Whether there is no room for it: it is told so, and that is all.
    pub(super) is_refused: bool,
}

impl Connection {
    /// Serves until it ends, or is to end.
    pub(super) async fn serve<H: Handler>(
        self,
        handler: Arc<H>,
        mut stopped: watch::Receiver<bool>,
    ) {
        let Self { stream, tls, peer, limits, is_refused } = self;
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
                Dialogue { arrival: Arrival { peer, channel, is_refused }, limits }
                    .hold(stream, handler, stopped)
                    .await;
            }
            Some(Opened::Tls(stream, negotiated)) => {
                let channel = Channel::Tls(negotiated);
                Dialogue { arrival: Arrival { peer, channel, is_refused }, limits }
                    .hold(stream, handler, stopped)
                    .await;
            }
            None => {}
        }
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
                let mut response = handler.handle(arrival, head, body).await;
                if arrival.is_refused {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                phases.enter(Phase::Answer);
                Ok::<_, Infallible>(response)
            }
        });
        let mut connection = http1::Builder::new()
            // Heads have their limit in `phases`.
            .header_read_timeout(None)
            // Who says that it has nothing more to ask may still hear the answer.
            .half_close(true)
            .max_buf_size(BUFFER_BYTES_MAX)
            .max_headers(HEADERS_READ_MAX)
            .serve_connection(TokioIo::new(Told::new(stream, phases.clone())), service);
        let (head, answer, idle) = (limits.head_timeout, limits.answer_timeout, limits.keep_alive);
        let ended = tokio::select! {
            ended = &mut connection => Ended::Itself(ended),
            phase = phases.overdue(PhaseLimits { head, answer, idle }) => Ended::Overdue(phase),
            // An error means that the sender is gone, which means to stop, too.
            _ = stopped.wait_for(|stop| *stop) => Ended::Asked,
            () = sleep(CONNECTION_LIFETIME_MAX) => Ended::Asked,
        };
        let ended = match ended {
            Ended::Itself(ended) => Ok(ended),
            Ended::Overdue(phase) => {
                metrics::connection_overdue(phase);
                if phase == Phase::Head {
                    say_too_late(connection.into_parts().io.into_inner().into_inner()).await;
                }
                return;
            }
            Ended::Asked => {
                Pin::new(&mut connection).graceful_shutdown();
                timeout(GRACE, connection).await
            }
        };
        if let Ok(Err(error)) = ended {
            tracing::debug!(%error, "serve an API connection");
        }
    }
}

/// Why a connection ends.
enum Ended {
    /// It came to its end.
    Itself(hyper::Result<()>),
    /// A phase lasted too long.
    Overdue(Phase),
    /// It is to end after the request in progress.
    Asked,
}

/// Answers half a head: there is no telling which protocol the rest would have been of.
async fn say_too_late(mut stream: impl AsyncWrite + Unpin) {
    const ANSWER: &[u8] =
        b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let said = async {
        stream.write_all(ANSWER).await?;
        stream.shutdown().await
    };
    if let Ok(Err(error)) = timeout(LAST_WORD, said).await {
        tracing::debug!(%error, "answer half a head");
    }
}

/// What a head takes: its line and its headers.
fn is_too_large(head: &Parts) -> bool {
    let line = head.uri.path_and_query().map_or(0, |it| it.as_str().len());
    let headers = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    head.headers.len() > HEADERS_MAX || line + headers.sum::<usize>() > HEAD_BYTES_MAX
}

async fn read_body(head: &Parts, body: Incoming, limit: Duration) -> Result<Bytes, BodyError> {
    let stated = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let waits_for_consent = head.headers.contains_key(EXPECT);
    if stated > DISCARD_BYTES_MAX || (waits_for_consent && stated > BODY_BYTES_MAX) {
        return Err(BodyError::TooLarge);
    }
    let body = timeout(limit, collect(body)).await.unwrap_or(Err(BodyError::TimedOut));
    // Its body is read all the same, so that the client gets to read the answer.
    if is_too_large(head) { Err(BodyError::HeadTooLarge) } else { body }
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
