//! DNS over TCP (RFC 7766): length-prefixed messages, as many as the client likes, in any segments.
//!
//! A connection's questions are answered in turn, since answering never waits; a client that
//! sends several at once gets all replies with one write. Questions that others have to answer
//! are the exception: their replies come when they come, and hold up no other (RFC 7766 6.2.1.1).
//! Bounded are: connections, connections per client, questions of one that wait for others, the
//! time in which a whole question must arrive and a reply must be taken, and the replies held
//! back for writing. Does not know names.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use bytes::{Buf as _, BytesMut};
use dns_core::{Catalog, Outcome, TCP_LEN_MAX, Transport};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

use crate::{
    forward::Forwarder,
    hand_off::aliases_of,
    metrics::{self, Queries},
    responder::{Asked, Manner, Responder},
    viewpoint::Viewpoint,
};

/// Connections at a time. Each costs some 10 KiB; more wait in the backlog.
const CONNECTIONS_MAX: usize = 1024;
/// Connections at a time of one client, so that none can keep out the others.
const CONNECTIONS_PER_CLIENT_MAX: u32 = 128;
/// How long a connection may take for a whole question, and to take a reply. RFC 7766 6.2.3 asks
/// for a few seconds, RFC 9210 4.3 finds 10 s in use.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// Room to read into: several questions.
const READ_LEN: usize = 4096;
/// Questions of a connection that wait for others; while there are so many, no more are read.
const FORWARDED_MAX: usize = 32;
/// Replies are written once there are this many bytes, or no more whole questions.
const WRITE_LEN: usize = 64 << 10;
/// Room for a usual reply; a longer one is made again with the room it may take.
const USUAL_REPLY_LEN: usize = 4096;
/// How long accepting rests after an error such as being out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until told to stop.
pub(crate) async fn serve(
    listener: TcpListener,
    (catalog, forwarder): (Arc<ArcSwap<Catalog>>, Arc<Forwarder>),
    (manner, queries): (Arc<Manner>, Queries),
    (viewpoint, tls): (Viewpoint, Encryption),
    mut stop: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let clients = Clients::default();
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            _ = stop.changed() => break,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        let Some(place) = clients.admit(peer.ip(), permit) else {
            metrics::tcp_refused().increment(1);
            continue;
        };
        let responder = Responder::new(Arc::clone(&manner), Transport::Tcp, queries.clone());
        let connection = Connection {
            peer,
            viewpoint,
            catalog: Arc::clone(&catalog),
            forwarder: Arc::clone(&forwarder),
            forwarded: JoinSet::new(),
            is_ended: false,
            manner: Arc::clone(&manner),
            responder,
        };
        // Replies are written whole, so waiting for more to send can only delay them.
        drop(stream.set_nodelay(true));
        let tls = tls.clone();
        connections.spawn(async move {
            tls.converse(stream, connection).await;
            drop(place);
        });
    }
    connections.shutdown().await;
}

/// Accepts a connection once there is room for it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) => {
            tracing::warn!(%error, "accept a DNS connection");
            sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// How many connections each client has; as many entries as there are connections at most.
#[derive(Clone, Default)]
struct Clients(Arc<Mutex<HashMap<IpAddr, u32>>>);

/// A connection's place among those of its client and of all.
struct Seat {
    clients: Clients,
    peer: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Clients {
    fn admit(&self, peer: IpAddr, permit: OwnedSemaphorePermit) -> Option<Seat> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(peer).or_default();
        if *count >= CONNECTIONS_PER_CLIENT_MAX {
            return None;
        }
        *count += 1;
        metrics::tcp_connections().increment(1);
        Some(Seat { clients: self.clone(), peer, _permit: permit })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.clients.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.peer);
            }
        }
        metrics::tcp_connections().decrement(1);
    }
}

/// What connections are encrypted with, if they are.
#[derive(Clone)]
pub(crate) enum Encryption {
    /// They are not.
    Off,
    /// TLS (RFC 7858).
    #[cfg(feature = "dot")]
    Tls(tokio_rustls::TlsAcceptor),
}

impl Encryption {
    async fn converse(self, stream: TcpStream, connection: Connection) {
        match self {
            Self::Off => connection.run(stream).await,
            #[cfg(feature = "dot")]
            Self::Tls(acceptor) => {
                let deadline = Instant::now() + IDLE_MAX;
                match timeout_at(deadline, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => connection.run(stream).await,
                    Ok(Err(error)) => tracing::debug!(%error, "shake hands over DNS's TLS"),
                    Err(_) => {}
                }
            }
        }
    }
}

/// One connection.
struct Connection {
    peer: SocketAddr,
    viewpoint: Viewpoint,
    catalog: Arc<ArcSwap<Catalog>>,
    forwarder: Arc<Forwarder>,
    /// Questions that wait for others.
    forwarded: JoinSet<Option<Vec<u8>>>,
    /// Whether the client has said that it asks no more.
    is_ended: bool,
    manner: Arc<Manner>,
    responder: Responder,
}

impl Connection {
    /// Answers until the client ends, errs or idles.
    async fn run(mut self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut input = BytesMut::with_capacity(READ_LEN);
        let mut output = Vec::new();
        let mut deadline = Instant::now() + IDLE_MAX;
        loop {
            self.responder.begin();
            while self.forwarded.len() < FORWARDED_MAX
                && let Some(len) = whole_message(&input)
            {
                input.advance(2);
                self.append_answer(&input[..len], &mut output);
                input.advance(len);
                deadline = Instant::now() + IDLE_MAX;
                if output.len() >= WRITE_LEN {
                    break;
                }
            }
            self.responder.end();
            if !output.is_empty() {
                let written = timeout_at(deadline, write(&mut stream, &output)).await;
                if !matches!(written, Ok(Ok(()))) {
                    return;
                }
                output.clear();
                continue;
            }
            let progress = self.progress(&mut stream, &mut input, &mut output);
            match timeout_at(deadline, progress).await {
                Ok(Progress::Read) => {}
                Ok(Progress::Replied) => deadline = Instant::now() + IDLE_MAX,
                Ok(Progress::Ended) | Err(_) => return,
            }
        }
    }

    /// Waits for more to read, unless enough is under way, or for a reply of others.
    async fn progress(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        input: &mut BytesMut,
        output: &mut Vec<u8>,
    ) -> Progress {
        let may_read = self.forwarded.len() < FORWARDED_MAX && !self.is_ended;
        input.reserve(missing_len(input));
        tokio::select! {
            Some(reply) = self.forwarded.join_next() => {
                append_reply(reply.ok().flatten(), output);
                Progress::Replied
            }
            read = stream.read_buf(input), if may_read => match read {
                Ok(1..) => Progress::Read,
                // What was asked before is answered all the same.
                Ok(0) if !self.forwarded.is_empty() => {
                    self.is_ended = true;
                    Progress::Read
                }
                _ => Progress::Ended,
            },
            else => Progress::Ended,
        }
    }

    /// Appends a message's reply with its length.
    fn append_answer(&mut self, message: &[u8], output: &mut Vec<u8>) {
        let catalog = self.catalog.load();
        let view = self.viewpoint.view(&catalog, self.peer.ip());
        let start = output.len();
        let mut room = USUAL_REPLY_LEN;
        let answer = loop {
            output.resize(start + 2 + room, 0);
            let reply = &mut output[start + 2..];
            let answer = self.responder.answer(view, message, self.peer.ip(), reply);
            if !answer.truncated || room == TCP_LEN_MAX {
                break answer;
            }
            room = TCP_LEN_MAX;
        };
        self.responder.note(view, answer, self.peer, &output[start + 2..]);
        if answer.outcome == Outcome::Forwarded
            && let Some(plan) = view.forward_plan()
        {
            let (forwarder, manner) = (Arc::clone(&self.forwarder), Arc::clone(&self.manner));
            let (message, peer, transport) = (message.to_vec(), self.peer, Transport::Tcp);
            let (vpc, aliases) = (view.owner().vpc, aliases_of(view, &message, answer));
            self.forwarded.spawn(async move {
                let aliases = aliases.as_deref();
                let mut reply = forwarder.reply(plan, &message, aliases, transport).await?;
                let asked = Asked { message: &message, vpc, peer, transport, is_limited: false };
                manner.complete(asked, &mut reply);
                Some(reply)
            });
        }
        let len = u16::try_from(answer.len).expect("a reply is no longer than its room");
        output[start..start + 2].copy_from_slice(&len.to_be_bytes());
        let end = if len == 0 { start } else { start + 2 + answer.len };
        output.truncate(end);
    }
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// What came of waiting.
enum Progress {
    /// There is more to answer, or nothing more to read.
    Read,
    /// Others have answered a question.
    Replied,
    /// Neither is to come.
    Ended,
}

/// Appends a reply of others with its length.
fn append_reply(reply: Option<Vec<u8>>, output: &mut Vec<u8>) {
    let Some(reply) = reply else { return };
    let Ok(len) = u16::try_from(reply.len()) else { return };
    output.extend(len.to_be_bytes());
    output.extend(reply);
}

/// The length of the first message, if all of it is there.
fn whole_message(input: &[u8]) -> Option<usize> {
    let (prefix, rest) = input.split_first_chunk()?;
    let len = usize::from(u16::from_be_bytes(*prefix));
    (rest.len() >= len).then_some(len)
}

/// How much of the first message is still to come, or room for a few if none has begun.
fn missing_len(input: &[u8]) -> usize {
    let begun =
        input.first_chunk().map_or(0, |prefix| usize::from(u16::from_be_bytes(*prefix)) + 2);
    begun.saturating_sub(input.len()).max(READ_LEN)
}
