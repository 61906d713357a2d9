//! The modes without a protocol: echo, sink and source. They do not know of the header.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::IDLE_WAIT;

/// One buffer per busy connection; larger ones gain nothing measurable on loopback.
const BUFFER_BYTES: usize = 64 * 1024;
/// Byte number i of a source is i modulo this: a prime, so that no power of two hides a slip.
const PATTERN_PERIOD: u8 = 251;

/// Sends back what comes in, half-close included.
pub(super) async fn echo(mut stream: TcpStream, rest: &[u8]) -> io::Result<()> {
    stream.write_all(rest).await?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = within(IDLE_WAIT, stream.read(&mut buffer)).await?;
        if length == 0 {
            return stream.shutdown().await;
        }
        within(IDLE_WAIT, stream.write_all(&buffer[..length])).await?;
    }
}

/// Counts what comes in and says how much it was.
pub(super) async fn sink(mut stream: TcpStream, rest: &[u8]) -> io::Result<()> {
    let count = rest.len().try_into().unwrap_or(u64::MAX);
    let count = drain(&mut stream, count).await?;
    stream.write_all(format!("{count}\n").as_bytes()).await?;
    stream.shutdown().await
}

/// Sends so many bytes, or bytes until the client has gone.
pub(super) async fn source(mut stream: TcpStream, bytes: Option<u64>) -> io::Result<()> {
    let period = usize::from(PATTERN_PERIOD);
    // A whole number of periods, so that every buffer starts alike.
    let pattern: Vec<u8> =
        (0..PATTERN_PERIOD).cycle().take(BUFFER_BYTES / period * period).collect();
    let mut left = bytes;
    let (mut reader, mut writer) = stream.split();
    let send = async {
        while left != Some(0) {
            let whole = pattern.len();
            let length =
                left.map_or(whole, |left| usize::try_from(left).unwrap_or(whole).min(whole));
            within(IDLE_WAIT, writer.write_all(&pattern[..length])).await?;
            left = left.map(|left| left.saturating_sub(length.try_into().unwrap_or(u64::MAX)));
        }
        writer.shutdown().await
    };
    tokio::try_join!(send, drain(&mut reader, 0)).map(drop)
}

/// Reads to the end and returns `count` plus the number of bytes.
async fn drain(reader: &mut (impl AsyncReadExt + Unpin), mut count: u64) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = within(IDLE_WAIT, reader.read(&mut buffer)).await?;
        if length == 0 {
            return Ok(count);
        }
        count = count.saturating_add(length.try_into().unwrap_or(u64::MAX));
    }
}

async fn within<T>(wait: Duration, step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(wait, step).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
