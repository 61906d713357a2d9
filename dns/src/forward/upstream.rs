//! Asking another server: one question, one answer that is certainly its answer.
//!
//! Every question over UDP has a socket of its own, so its port and its id are both drawn anew, and
//! the kernel takes datagrams of the one server only (RFC 5452 9). Other answers than to the very
//! question are passed over. A truncated answer is asked for again over TCP. Does not know caches.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use dns_core::{TCP_LEN_MAX, UDP_LEN_MAX};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// How long one server has for an answer before the next one is tried.
const ATTEMPT_WAIT: Duration = Duration::from_millis(1500);
/// How often servers are tried, all together. With the wait above this stays under the 5 s after
/// which stub resolvers give up.
const ATTEMPTS_MAX: usize = 3;

/// Asks servers in turn until one gives an answer that says something.
pub(crate) async fn ask(servers: &[SocketAddr], client: &Message) -> Option<Message> {
    for server in servers.iter().cycle().take(ATTEMPTS_MAX) {
        let question = question(client);
        match timeout(ATTEMPT_WAIT, attempt(*server, &question)).await {
            Ok(Ok(answer)) if says_something(&answer) => return Some(answer),
            Ok(Ok(answer)) => {
                let code = answer.metadata.response_code;
                tracing::debug!(%server, %code, "a DNS server did not help");
            }
            Ok(Err(error)) => tracing::debug!(%server, %error, "ask a DNS server"),
            Err(_) => tracing::debug!(%server, "a DNS server did not answer in time"),
        }
    }
    None
}

/// Whether another server could not do better.
fn says_something(answer: &Message) -> bool {
    matches!(answer.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain)
}

/// The question of a client as we ask it.
fn question(client: &Message) -> Message {
    let mut message = Message::new(drawn_id(), MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.metadata.checking_disabled = client.metadata.checking_disabled;
    message.queries.clone_from(&client.queries);
    let mut edns = Edns::new();
    edns.set_max_payload(u16::try_from(UDP_LEN_MAX).unwrap_or(512));
    edns.set_dnssec_ok(client.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok));
    message.set_edns(edns);
    message
}

/// An id that nobody can foresee: the standard library's hash is keyed by the system's randomness.
fn drawn_id() -> u16 {
    let [high, low, ..] = RandomState::new().build_hasher().finish().to_be_bytes();
    u16::from_be_bytes([high, low])
}

async fn attempt(server: SocketAddr, question: &Message) -> io::Result<Message> {
    let bytes = question.to_vec().map_err(io::Error::other)?;
    let answer = over_udp(server, question, &bytes).await?;
    if answer.metadata.truncation { over_tcp(server, question, &bytes).await } else { Ok(answer) }
}

async fn over_udp(server: SocketAddr, question: &Message, bytes: &[u8]) -> io::Result<Message> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(bytes).await?;
    let mut buffer = [0; UDP_LEN_MAX];
    loop {
        let len = socket.recv(&mut buffer).await?;
        match Message::from_vec(&buffer[..len]) {
            Ok(answer) if is_answer_to(&answer, question) => return Ok(answer),
            // Someone who guesses, or a late answer: neither may end the wait for the right one.
            _ => {}
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &Message, bytes: &[u8]) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let len = u16::try_from(bytes.len()).map_err(io::Error::other)?;
    stream.write_all(&[&len.to_be_bytes(), bytes].concat()).await?;
    let len = usize::from(stream.read_u16().await?).min(TCP_LEN_MAX);
    let mut buffer = vec![0; len];
    stream.read_exact(&mut buffer).await?;
    let answer = Message::from_vec(&buffer).map_err(io::Error::other)?;
    if is_answer_to(&answer, question) {
        Ok(answer)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "an answer to another question"))
    }
}

fn is_answer_to(answer: &Message, question: &Message) -> bool {
    let asked = question.queries.first();
    let echoed = answer.queries.first();
    answer.metadata.message_type == MessageType::Response
        && answer.metadata.id == question.metadata.id
        && answer.metadata.op_code == OpCode::Query
        && answer.queries.len() == 1
        && asked == echoed
}
