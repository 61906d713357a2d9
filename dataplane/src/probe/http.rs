//! An HTTP probe over a stream: a request, and the code of the answer. Knows neither TLS nor when.

use std::{io, net::SocketAddr, time::Duration};

use dataplane_core::{
    health::ProbeResult,
    http_check::{ANSWER_BYTES_MAX, Answer, read_answer, request},
};
use model::HttpQuestion;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

/// Bytes per read.
const READ_BYTES: usize = 1024;
/// How much of what follows the code is taken in, and for how long: enough for the body of an
/// ordinary health page, so that the target's server can close the connection as it was asked to.
/// Beyond that the connection is reset.
const REST_BYTES_MAX: usize = 16 * 1024;
const REST_WAIT_MAX: Duration = Duration::from_millis(200);

/// Asks, and tells what the answer's code means.
pub(super) async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    question: &HttpQuestion,
    host: SocketAddr,
) -> io::Result<ProbeResult> {
    stream.write_all(&request(&question.path, host)).await?;
    stream.flush().await?;
    let mut head = Vec::with_capacity(READ_BYTES);
    let code = loop {
        let is_over = head.len() >= ANSWER_BYTES_MAX || stream.read_buf(&mut head).await? == 0;
        match read_answer(&head) {
            Answer::Code(code) => break code,
            Answer::NotHttp => return Ok(ProbeResult::Failure),
            Answer::Incomplete if is_over => return Ok(ProbeResult::Failure),
            Answer::Incomplete => {}
        }
    };
    // It has answered, whatever becomes of the rest.
    let _ = timeout(REST_WAIT_MAX, take_rest(&mut stream)).await;
    let is_good = question.matcher.contains(code);
    Ok(if is_good { ProbeResult::Success } else { ProbeResult::Mismatch(code) })
}

async fn take_rest(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut buffer = [0; READ_BYTES];
    let mut left = REST_BYTES_MAX;
    while left > 0 {
        let taken = stream.read(&mut buffer).await?;
        if taken == 0 {
            break;
        }
        left = left.saturating_sub(taken);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::Matcher;
    use tokio::io::duplex;

    use super::*;

    /// What a probe finds when it is answered so, and then the connection is closed.
    async fn answered(bytes: &[u8]) -> Option<ProbeResult> {
        let (ours, mut theirs) = duplex(64);
        let question =
            HttpQuestion { path: "/up".into(), matcher: Matcher(vec![200..=299, 418..=418]) };
        let asked = async { ask(ours, &question, "10.0.0.1:80".parse().unwrap()).await.ok() };
        let server = async {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                theirs.read_buf(&mut request).await.unwrap();
            }
            assert!(request.starts_with(b"GET /up HTTP/1.1\r\nHost: 10.0.0.1:80\r\n"));
            // The probe may have heard enough before it is all said.
            let _ = theirs.write_all(bytes).await;
            drop(theirs);
        };
        tokio::join!(asked, server).0
    }

    #[tokio::test]
    async fn an_answer_counts_by_its_code() {
        use ProbeResult::{Failure, Mismatch, Success};
        let long_head = [&b"HTTP/1.1 103 \r\n"[..], &[b'x'; 2 * ANSWER_BYTES_MAX]].concat();
        let long_body = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 4 * REST_BYTES_MAX]].concat();
        for (bytes, expected) in [
            (&b"HTTP/1.1 200 OK\r\n\r\nfine"[..], Success),
            (b"HTTP/1.0 418 \r\n\r\n", Success),
            (b"HTTP/1.1 503 Busy\r\n\r\n", Mismatch(503)),
            (b"HTTP/1.1 301 Moved\r\n\r\n", Mismatch(301)),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 \r\n\r\n", Success),
            (b"SSH-2.0-OpenSSH", Failure),
            (b"HTTP/1.1 20", Failure),
            (b"", Failure),
            (&long_head, Failure),
            (&long_body, Success),
        ] {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
            assert_eq!(answered(bytes).await, Some(expected), "{start}");
        }
    }

    #[tokio::test]
    async fn a_connection_that_stays_open_holds_up_nothing() {
        let (ours, mut theirs) = duplex(1024);
        let question = HttpQuestion { path: "/".into(), matcher: Matcher::default() };
        theirs.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let asked = ask(ours, &question, "10.0.0.1:80".parse().unwrap());
        let found = timeout(50 * REST_WAIT_MAX, asked).await.unwrap();
        assert_eq!(found.unwrap(), ProbeResult::Success);
    }
}
