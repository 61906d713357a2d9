//! HTTP health checks as bytes: the request of a probe, and the code in what comes back (RFC 9112
//! 3 and 4). Does not know sockets, nor which codes are good.

use std::{fmt::Write as _, net::SocketAddr};

/// Bytes of an answer that are looked at until its code is known. Interim answers come before it,
/// and are short.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024;
/// What a status line begins with; `#` stands for a digit.
const STATUS_LINE: &[u8; 12] = b"HTTP/1.# ###";
/// Where in it the code is.
const CODE_AT: usize = 9;
/// The only interim code after which no other answer follows.
const SWITCHING_PROTOCOLS: u16 = 101;

/// The request of a probe. `host` is whom it is addressed to by name: the load balancer, as the
/// probe's own address and the listener's port tell it (semantics 1.6).
///
/// A path is written as it is, but for bytes that would end it, which are percent-encoded: no
/// setting can add a line to the request.
pub fn request(path: &str, host: SocketAddr) -> Vec<u8> {
    let mut request = String::from("GET ");
    if !path.starts_with('/') {
        request.push('/');
    }
    for byte in path.bytes() {
        if byte.is_ascii_graphic() {
            request.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(request, "%{byte:02X}");
        }
    }
    let _ = write!(
        request,
        " HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nUser-Agent: ELB-HealthChecker/2.0 \
         (Postern)\r\nAccept: */*\r\n\r\n"
    );
    request.into_bytes()
}

/// What the bytes that came so far say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing yet.
    Incomplete,
    /// The answer's code.
    Code(u16),
    /// It is no answer of HTTP/1.
    NotHttp,
}

/// Reads the code of an answer, past interim answers.
pub fn read_answer(bytes: &[u8]) -> Answer {
    let mut rest = bytes;
    loop {
        match status(rest) {
            Answer::Code(code) if code < 200 && code != SWITCHING_PROTOCOLS => {
                match after_head(rest) {
                    Some(next) => rest = next,
                    None => return Answer::Incomplete,
                }
            }
            answer => return answer,
        }
    }
}

/// The code of the status line that these bytes begin with.
fn status(bytes: &[u8]) -> Answer {
    let mut code = 0;
    for (at, expected) in STATUS_LINE.iter().enumerate() {
        let Some(byte) = bytes.get(at) else { return Answer::Incomplete };
        let fits = if *expected == b'#' { byte.is_ascii_digit() } else { byte == expected };
        if !fits {
            return Answer::NotHttp;
        }
        if at >= CODE_AT {
            code = code * 10 + u16::from(byte - b'0');
        }
    }
    match bytes.get(STATUS_LINE.len()) {
        None => Answer::Incomplete,
        Some(b' ' | b'\r' | b'\n') if code >= 100 => Answer::Code(code),
        Some(_) => Answer::NotHttp,
    }
}

/// What follows the empty line that ends a head.
fn after_head(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    bytes.get(end + 4..)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_request_names_path_and_host() {
        let host = "10.0.0.1:443".parse().unwrap();
        let text = String::from_utf8(request("/health?deep=1", host)).unwrap();
        assert_eq!(
            text,
            "GET /health?deep=1 HTTP/1.1\r\nHost: 10.0.0.1:443\r\nConnection: close\r\n\
             User-Agent: ELB-HealthChecker/2.0 (Postern)\r\nAccept: */*\r\n\r\n"
        );
        let host = "[2001:db8::1]:80".parse().unwrap();
        let text = String::from_utf8(request("/", host)).unwrap();
        assert!(text.contains("Host: [2001:db8::1]:80\r\n"));
    }

    #[test]
    fn an_answer_is_its_code() {
        use Answer::{Code, Incomplete, NotHttp};
        for (bytes, expected) in [
            ("HTTP/1.1 200 OK\r\n", Code(200)),
            ("HTTP/1.0 503 ", Code(503)),
            ("HTTP/1.1 204\r\n", Code(204)),
            ("HTTP/1.1 301\n", Code(301)),
            ("HTTP/1.1 999 ", Code(999)),
            ("HTTP/1.1 101 Switching Protocols\r\n", Code(101)),
            // Interim answers are passed over, however many.
            ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n", Code(200)),
            ("HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\n\r\nHTTP/1.1 500 \r\n", Code(500)),
            ("HTTP/1.1 100 Continue\r\nX: 200\r\n", Incomplete),
            ("HTTP/1.1 100 Continue\r\n\r\n", Incomplete),
            ("HTTP/1.1 100 Continue\r\n\r\nSSH-2.0", NotHttp),
            ("", Incomplete),
            ("HTTP", Incomplete),
            ("HTTP/1.1 20", Incomplete),
            ("HTTP/1.1 200", Incomplete),
            ("HTTP/1.1 2000", NotHttp),
            ("HTTP/1.1 099 ", NotHttp),
            ("HTTP/1.1  200", NotHttp),
            ("HTTP/1.x 200 OK", NotHttp),
            ("HTTP/2 200 OK", NotHttp),
            ("http/1.1 200 OK", NotHttp),
            ("SSH-2.0-OpenSSH_9.2", NotHttp),
            ("\0\0\x12\x04\0\0\0", NotHttp),
        ] {
            assert_eq!(read_answer(bytes.as_bytes()), expected, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_path_adds_a_line(path: String) {
            let text = String::from_utf8(request(&path, "10.0.0.1:80".parse().unwrap())).unwrap();
            prop_assert_eq!(text.matches("\r\n").count(), 6);
            let line = text.lines().next().unwrap();
            prop_assert!(line.starts_with("GET /") && line.ends_with(" HTTP/1.1"));
            prop_assert_eq!(line.split(' ').count(), 3);
        }

        #[test]
        fn more_bytes_never_change_what_is_known(
            start in proptest::sample::select(vec![
                "HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 E\r\n\r\nHTTP/1.1 404 \r\n", "HTTP/1.1 1", "",
            ]),
            rest: Vec<u8>,
        ) {
            let bytes = [start.as_bytes(), &rest].concat();
            let whole = read_answer(&bytes);
            for end in 0..bytes.len() {
                let early = read_answer(&bytes[..end]);
                prop_assert!(early == Answer::Incomplete || early == whole);
            }
        }
    }
}
