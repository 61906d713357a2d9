//! The admin side: numbers, liveness, readiness, the snapshot in force, and why connections and DNS
//! answers come out as they do, over HTTP.
//!
//! Runs beside control and cannot slow traffic; it depends on no target and on no store, so that it
//! answers when these do not. Does not know who asks: it listens on an address for operators.

mod explain;
mod explain_dns;
mod parameter;

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use control::Keeper;
use dataplane::{Certificates, IdleEnd};
use dataplane_core::explain::Datagrams;
use dns::Inspector;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Health, Snapshot};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

use crate::metrics::Exporter;

use parameter::Form;

/// Scrapers and people at a time; more wait.
const CONNECTIONS_MAX: usize = 64;
/// How long a request's head may take.
const HEAD_WAIT: Duration = Duration::from_secs(10);
/// How long a connection may last: a scraper comes every 15 s or so and may keep it in between.
const CONNECTION_WAIT: Duration = Duration::from_secs(300);
/// How often the collection of numbers is tidied.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// How long to wait when the system has no file descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The content types of most answers.
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// Where the process is between its start and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Listeners are not all bound, or no snapshot is loaded.
    Starting,
    /// Everything is served.
    Ready,
    /// Connections are coming to their end.
    Draining,
}

/// What the admin side tells.
#[derive(Clone)]
pub(crate) struct Admin {
    /// The numbers.
    pub(crate) exporter: Exporter,
    /// The start and the end.
    pub(crate) phase: watch::Receiver<Phase>,
    /// The configuration in force.
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What the data plane has bound.
    pub(crate) health: watch::Receiver<Arc<Health>>,
    /// What DNS answers.
    pub(crate) dns: Inspector,
    /// What is not served, and why.
    pub(crate) keeper: Keeper,
    /// How the data plane is set up.
    pub(crate) facts: Facts,
}

/// How the data plane is set up.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// How many connections a worker may hold.
    pub(crate) connections_max: usize,
    /// How it ends connections that are idle.
    pub(crate) idle_end: IdleEnd,
    /// How it serves UDP.
    pub(crate) udp: Datagrams,
    /// What TLS listeners present.
    pub(crate) certificates: Certificates,
}

impl Admin {
    /// Tells what these know, and how the data plane was set up, ends idle connections and presents
    /// itself.
    pub(crate) fn new(
        exporter: Exporter,
        phase: watch::Receiver<Phase>,
        (snapshots, health): (watch::Receiver<Arc<Snapshot>>, watch::Receiver<Arc<Health>>),
        (dns, keeper): (Inspector, Keeper),
        facts: Facts,
    ) -> Self {
        Self { exporter, phase, snapshots, health, dns, keeper, facts }
    }
}

/// Serves until `stop` ends.
pub(crate) async fn serve(listener: TcpListener, admin: Admin, stop: impl Future<Output = ()>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut tidy = tokio::time::interval(TIDY_EVERY);
    tokio::pin!(stop);
    loop {
        while connections.try_join_next().is_some() {}
        let accept = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => return,
            _ = tidy.tick() => admin.exporter.tidy(),
            (place, accepted) = accept => match accepted {
                Ok((stream, _)) => {
                    let admin = admin.clone();
                    connections.spawn(async move {
                        // A connection that takes too long, or breaks off, concerns nobody else.
                        drop(timeout(CONNECTION_WAIT, converse(stream, &admin)).await);
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take an admin connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

async fn converse(stream: TcpStream, admin: &Admin) -> Result<(), hyper::Error> {
    let service = service_fn(async |request| answer(admin, &request).await);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

async fn answer(
    admin: &Admin,
    request: &Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    const NUMBERS: &str = "text/plain; version=0.0.4; charset=utf-8";
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(respond(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET is served\n".into()));
    }
    let snapshot = Arc::clone(&admin.snapshots.borrow());
    Ok(match request.uri().path() {
        "/livez" => respond(StatusCode::OK, TEXT, "alive\n".into()),
        "/readyz" => {
            let (status, body) = readiness(admin, &snapshot);
            respond(status, JSON, body)
        }
        "/metrics" => {
            admin.dns.measure();
            respond(StatusCode::OK, NUMBERS, admin.exporter.render(snapshot.generation))
        }
        "/explain-dns" => match explain_dns::answer(&admin.dns, request.uri().query()).await {
            Ok(told) => explanation(told),
            Err(message) => respond(StatusCode::BAD_REQUEST, TEXT, message + "\n"),
        },
        "/explain" => match explain::answer(admin, &snapshot, request.uri().query()) {
            Ok(told) => explanation(told),
            Err(message) => respond(StatusCode::BAD_REQUEST, TEXT, message + "\n"),
        },
        "/snapshot" => match serde_json::to_string(&*snapshot) {
            Ok(body) => respond(StatusCode::OK, JSON, body + "\n"),
            Err(error) => respond(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{error}\n")),
        },
        _ => {
            let known =
                "there are /livez, /readyz, /metrics, /snapshot, /explain and /explain-dns\n";
            respond(StatusCode::NOT_FOUND, TEXT, known.into())
        }
    })
}

fn explanation((form, body): (Form, String)) -> Response<Full<Bytes>> {
    let kind = match form {
        Form::Json => JSON,
        Form::Text => TEXT,
    };
    respond(StatusCode::OK, kind, body)
}

fn readiness(admin: &Admin, snapshot: &Snapshot) -> (StatusCode, String) {
    let phase = *admin.phase.borrow();
    let (status, word) = match phase {
        Phase::Starting => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        Phase::Ready => (StatusCode::OK, "ready"),
        Phase::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
    };
    let bound = admin.health.borrow().generation.0;
    let body = json!({
        "phase": word,
        "snapshot_generation": snapshot.generation.0,
        "bound_generation": bound,
    });
    (status, format!("{body}\n"))
}

fn respond(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
