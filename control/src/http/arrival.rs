//! How a connection begins: with a handshake where TLS is served, and without one where not.
//!
//! Whoever speaks plain HTTP to the port of TLS is told so in plain HTTP; nothing that it asks for
//! is done. Relies on `tls` for the certificate.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{
    rustls::{CipherSuite, ProtocolVersion},
    server::TlsStream,
};

use crate::{
    metrics::{self, Handshake},
    tls::Tls,
};

/// The first byte of every TLS connection: a record with a handshake (RFC 8446 5.1).
const HANDSHAKE_RECORD: u8 = 0x16;

/// Where a request came from, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// What it came through.
    pub(crate) channel: Channel,
    /// Whether there is no room for it. Such a request is not to be carried out.
    pub(crate) is_refused: bool,
}

/// What requests come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// Plain HTTP.
    Plain,
    /// HTTP in TLS.
    Tls(Negotiated),
    /// Plain HTTP, where TLS is served. Such a request is not to be carried out.
    PlainForTls,
}

/// What a handshake came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Negotiated {
    /// The version.
    pub(crate) version: ProtocolVersion,
    /// The cipher suite.
    pub(crate) suite: CipherSuite,
}

impl Negotiated {
    /// What a stream speaks; none before the end of its handshake.
    fn of(stream: &TlsStream<TcpStream>) -> Option<Self> {
        let (_, connection) = stream.get_ref();
        let suite = connection.negotiated_cipher_suite()?.suite();
        Some(Self { version: connection.protocol_version()?, suite })
    }
}

/// A connection that can be spoken through.
pub(super) enum Opened {
    Plain(TcpStream, Channel),
    Tls(Box<TlsStream<TcpStream>>, Negotiated),
}

/// Shakes hands, if there is TLS to serve. A handshake has as long as the head of a request; none
/// if it does not succeed.
pub(super) async fn open(stream: TcpStream, tls: Option<&Tls>, limit: Duration) -> Option<Opened> {
    let Some(tls) = tls else { return Some(Opened::Plain(stream, Channel::Plain)) };
    let (how, error) = match timeout(limit, shake_hands(stream, tls)).await {
        Ok(Ok(opened)) => return opened,
        Ok(Err(error)) => (Handshake::Failed, error),
        Err(late) => (Handshake::TimedOut, late.into()),
    };
    metrics::handshake(how);
    tracing::debug!(%error, "shake hands on an API connection");
    None
}

async fn shake_hands(stream: TcpStream, tls: &Tls) -> io::Result<Option<Opened>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        // Somebody looked whether the port is open.
        return Ok(None);
    }
    if first != [HANDSHAKE_RECORD] && first[0].is_ascii_uppercase() {
        metrics::handshake(Handshake::PlainHttp);
        return Ok(Some(Opened::Plain(stream, Channel::PlainForTls)));
    }
    let stream = tls.acceptor().accept(stream).await?;
    metrics::handshake(Handshake::Done);
    Ok(Negotiated::of(&stream).map(|negotiated| Opened::Tls(Box::new(stream), negotiated)))
}
