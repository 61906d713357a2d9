//! The target over real sockets.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A version 2 header: client 10.1.2.3:54321, endpoint 10.9.8.7:443, vpce-0123456789abcdef0.
const HEADER: &[u8] = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a\x21\x11\x00\x2d\
    \x0a\x01\x02\x03\x0a\x09\x08\x07\xd4\x31\x01\xbb\x03\x00\x04\x98\xdb\xfa\xff\
    \xea\x00\x17\x01vpce-0123456789abcdef0";
const REQUEST: &[u8] =
    b"GET /where?x=1 HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";

fn start(mode: Mode, source_bytes: Option<u64>) -> SocketAddr {
    let behaviour = Behaviour { name: "t1".into(), mode, source_bytes };
    let target = Target::bind("127.0.0.1:0".parse().unwrap(), behaviour).unwrap();
    let addr = target.local_addr().unwrap();
    tokio::spawn(target.serve());
    addr
}

/// Sends the parts, each on its own, half-closes, and reads to the end.
async fn talk(addr: SocketAddr, parts: &[&[u8]]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for part in parts {
        stream.write_all(part).await.unwrap();
        tokio::task::yield_now().await;
    }
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    answer
}

fn json(answer: &[u8]) -> serde_json::Value {
    let text = std::str::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn whoami_says_what_the_header_said_however_it_is_split() {
    let addr = start(Mode::Whoami, None);
    for split in [1, 12, 13, 16, 28, HEADER.len() - 1, HEADER.len()] {
        let (first, second) = HEADER.split_at(split);
        let answer = json(&talk(addr, &[first, second, REQUEST]).await);
        assert_eq!(answer["client"], "10.1.2.3:54321", "split at {split}");
        assert_eq!(answer["endpoint_address"], "10.9.8.7:443");
        assert_eq!(answer["endpoint_id"], "vpce-0123456789abcdef0");
        assert_eq!(answer["proxy_protocol"], "v2");
        assert_eq!(answer["target"], "t1");
        assert_eq!(answer["target_address"], addr.to_string());
        assert_eq!(answer["path"], "/where");
        assert_eq!(answer["host"], "shop.example");
    }
}

#[tokio::test]
async fn whoami_takes_version_1_and_no_header() {
    let addr = start(Mode::Whoami, None);
    let line = b"PROXY TCP4 10.1.2.3 10.9.8.7 54321 443\r\n";
    let answer = json(&talk(addr, &[line, REQUEST]).await);
    assert_eq!(answer["client"], "10.1.2.3:54321");
    assert_eq!(answer["proxy_protocol"], "v1");
    let answer = json(&talk(addr, &[REQUEST]).await);
    assert_eq!(answer["client"], answer["peer"]);
    assert_eq!(answer["proxy_protocol"], "none");
    assert!(answer["endpoint_id"].is_null());
    // `POST` and `PUT` begin as `PROXY` does.
    let answer = json(&talk(addr, &[b"P", b"OST / HTTP/1.1\r\nConnection: close\r\n\r\n"]).await);
    assert_eq!(answer["method"], "POST");
}

#[tokio::test]
async fn whoami_keeps_the_connection_for_the_next_request() {
    let addr = start(Mode::Whoami, None);
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(HEADER).await.unwrap();
    for path in ["/one", "/two"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).ends_with("}\n") {
            assert_ne!(stream.read_buf(&mut seen).await.unwrap(), 0);
        }
        assert_eq!(json(&seen)["path"], path);
        assert_eq!(json(&seen)["client"], "10.1.2.3:54321");
    }
}

#[tokio::test]
async fn a_wrong_checksum_ends_the_connection() {
    let addr = start(Mode::Whoami, None);
    let mut broken = HEADER.to_vec();
    broken[20] ^= 1;
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(&broken).await.unwrap();
    let mut answer = Vec::new();
    // Closed or reset; nothing is answered either way.
    drop(stream.read_to_end(&mut answer).await);
    assert_eq!(answer, b"");
}

#[tokio::test]
async fn echo_sends_back_everything_after_the_header() {
    let addr = start(Mode::Echo, None);
    let bytes: Vec<u8> = (0..300_000_u32).map(|i| i.to_le_bytes()[0]).collect();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(HEADER).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let send = async {
        writer.write_all(&bytes).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let mut answer = Vec::new();
    let (read, ()) = tokio::join!(reader.read_to_end(&mut answer), send);
    assert_eq!(read.unwrap(), bytes.len());
    assert!(answer == bytes);
}

#[tokio::test]
async fn sink_counts_without_the_header() {
    let addr = start(Mode::Sink, None);
    assert_eq!(talk(addr, &[HEADER, &[7; 100_000], b"end"]).await, b"100003\n");
    assert_eq!(talk(addr, &[]).await, b"0\n");
}

#[tokio::test]
async fn source_sends_the_pattern() {
    for first in [&b""[..], HEADER] {
        let addr = start(Mode::Source, Some(200_000));
        let bytes = talk(addr, &[first]).await;
        assert_eq!(bytes.len(), 200_000);
        assert!(bytes.iter().enumerate().all(|(i, b)| usize::from(*b) == i % 251));
    }
}

#[tokio::test]
async fn source_speaks_first() {
    let addr = start(Mode::Source, None);
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let mut bytes = [0; 1000];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes[..3], [0, 1, 2]);
}
