//! `whoami`: HTTP/1.1 answers that say what is known of the connection.
//!
//! Relies on hyper for HTTP. Does not know what the fields are good for.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use dataplane_core::proxy_header::Version;
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::Incoming,
    header::{CONTENT_TYPE, HOST},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::{IDLE_WAIT, opening::Opening};

/// hyper's smallest buffer: requests here are a line and a few headers.
const REQUEST_BYTES_MAX: usize = 8192;

/// What is known of a request's connection, as it is answered.
#[derive(Serialize)]
struct Answer<'a> {
    /// Who connects: by the header, or the peer if there is none.
    client: SocketAddr,
    /// What the client dialled.
    endpoint_address: Option<SocketAddr>,
    /// The VPC endpoint.
    endpoint_id: Option<String>,
    /// This target.
    target: &'a str,
    /// Where it was reached.
    target_address: SocketAddr,
    /// The other end of the connection.
    peer: SocketAddr,
    /// The header's version, or `none`.
    proxy_protocol: &'static str,
    method: &'a str,
    path: &'a str,
    host: Option<&'a str>,
}

/// Answers requests until the client ends the connection.
pub(super) async fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    opening: Opening,
    name: Arc<str>,
) -> io::Result<()> {
    let target_address = stream.local_addr()?;
    let Opening { header, rest } = opening;
    let proxy_protocol = match header.map(|header| header.version) {
        None => "none",
        Some(Version::One) => "v1",
        Some(Version::Two) => "v2",
    };
    let client = header.and_then(|header| header.client).map_or(peer, |client| client.0);
    let endpoint_address = header.and_then(|header| header.destination).map(|addr| addr.0);
    let endpoint_id = header.and_then(|header| header.endpoint_id).map(|id| id.to_string());
    let service = service_fn(|request: Request<Incoming>| {
        let answer = Answer {
            client,
            endpoint_address,
            endpoint_id: endpoint_id.clone(),
            target: &name,
            target_address,
            peer,
            proxy_protocol,
            method: request.method().as_str(),
            path: request.uri().path(),
            host: request.headers().get(HOST).and_then(|host| host.to_str().ok()),
        };
        std::future::ready(respond(&answer))
    });
    let (reader, writer) = stream.into_split();
    let whole = tokio::io::join(io::Cursor::new(rest).chain(reader), writer);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_WAIT)
        .max_buf_size(REQUEST_BYTES_MAX)
        .serve_connection(TokioIo::new(whole), service)
        .await
        .map_err(io::Error::other)
}

fn respond(answer: &Answer<'_>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut body = serde_json::to_vec_pretty(answer).unwrap_or_default();
    body.push(b'\n');
    let mut response = Response::new(Full::new(body.into()));
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}
