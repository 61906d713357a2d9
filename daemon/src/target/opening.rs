//! The first bytes of a connection: a PROXY protocol header, or not.
//!
//! A header is recognized by its first byte on, so a client without one never waits. One that
//! begins and does not go on is taken for the client's own bytes after a while. Does not know what
//! follows.

use std::{io, time::Duration};

use dataplane_core::proxy_header::{PARSED_BYTES_MAX, Parsed, ReceivedHeader, parse};
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

use super::IDLE_WAIT;

/// How long a header that has begun may take: a sender writes it in one go.
const HEADER_WAIT: Duration = Duration::from_secs(5);
/// How long to wait for a header before speaking first: it comes with the connection or not at all.
const EAGER_WAIT: Duration = Duration::from_millis(200);
/// Enough for the longest header and the first request.
const OPENING_BYTES_MAX: usize = 2 * PARSED_BYTES_MAX;

/// How a connection began.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// The header, if there was one.
    pub(super) header: Option<ReceivedHeader>,
    /// The client's bytes that came with it.
    pub(super) rest: Vec<u8>,
}

impl Opening {
    /// Reads it, waiting for the client to begin.
    pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Self> {
        Self::read_within(stream, IDLE_WAIT).await
    }

    /// Reads it, if the client begins at once.
    pub(super) async fn read_eagerly(stream: &mut TcpStream) -> io::Result<Self> {
        Self::read_within(stream, EAGER_WAIT).await
    }

    async fn read_within(stream: &mut TcpStream, first_wait: Duration) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let mut wait = first_wait;
        loop {
            // A client that stops in the middle of what may be a header has sent something else.
            let ended = match timeout(wait, stream.read_buf(&mut bytes)).await {
                Ok(read) => read? == 0,
                Err(_) => true,
            };
            let parsed = parse(&bytes);
            match parsed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
                Parsed::Header(header) => {
                    bytes.drain(..header.length);
                    return Ok(Self { header: Some(header), rest: bytes });
                }
                Parsed::Incomplete if !ended && bytes.len() < OPENING_BYTES_MAX => {
                    wait = HEADER_WAIT;
                }
                Parsed::Incomplete | Parsed::Absent => {
                    return Ok(Self { header: None, rest: bytes });
                }
            }
        }
    }
}
