//! The back end of the load tool: one thread, one epoll, any number of listeners.
//!
//! Skips a PROXY header of either version and does what the request says (`wire`). Gives every
//! candidate a listener of its own, so that the connections of one are not in the way of another's
//! ports. Relies on the clients to be well-behaved: it is not a server for strangers.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::Arc,
    thread::{self, JoinHandle},
};

use mio::{
    Events, Interest, Poll, Registry, Token, Waker,
    event::Event,
    net::{TcpListener, TcpStream},
};
use slab::Slab;
use socket2::{Domain, Socket, Type};

use crate::{
    machine,
    proxy_header::{self, Opening},
    wire::{CHUNK, MESSAGE, Request},
};

/// Connections that wait for `accept`: more than any mode opens at once.
const BACKLOG: i32 = 4096;
/// The longest opening: the longest version 2 header and one request.
const OPENING_MAX: usize = 16 + 65_535 + MESSAGE;
/// Events taken per wake.
const EVENTS: usize = 1024;
const STOP: Token = Token(usize::MAX);

/// A running back end. It ends when this is dropped.
#[derive(Debug)]
pub struct Backend {
    addrs: Vec<SocketAddr>,
    stop: Arc<Waker>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Backend {
    /// Opens this many listeners on free ports of 127.0.0.1 and serves them, on one CPU if given.
    pub fn start(listeners: usize, cpu: Option<usize>) -> io::Result<Self> {
        let any = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into();
        Self::start_on(&vec![any; listeners], cpu)
    }

    /// The same on given addresses.
    pub fn start_on(addrs: &[SocketAddr], cpu: Option<usize>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut open = Vec::with_capacity(addrs.len());
        for (i, addr) in addrs.iter().enumerate() {
            let mut listener = listen(*addr)?;
            poll.registry().register(&mut listener, Token(i), Interest::READABLE)?;
            open.push(listener);
        }
        let addrs = open.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?;
        let stop = Arc::new(Waker::new(poll.registry(), STOP)?);
        let server = Server { poll, listeners: open, peers: Slab::new(), buffer: vec![0; CHUNK] };
        let thread = thread::Builder::new().name("back-end".into()).spawn(move || {
            if let Some(cpu) = cpu {
                machine::pin_this_thread(cpu)?;
            }
            server.serve()
        })?;
        Ok(Self { addrs, stop, thread: Some(thread) })
    }

    /// Where it listens, in the order asked for.
    pub fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Waits until it fails.
    pub fn wait(mut self) -> io::Result<()> {
        self.thread.take().map_or(Ok(()), join)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A thread that is already over has nobody to wake and nothing more to say.
            let _ = self.stop.wake();
            let _ = join(thread);
        }
    }
}

fn join(thread: JoinHandle<io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the back end panicked")))
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking(), None)?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

struct Server {
    poll: Poll,
    listeners: Vec<TcpListener>,
    peers: Slab<Peer>,
    buffer: Vec<u8>,
}

impl Server {
    fn serve(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
            for event in &events {
                match event.token() {
                    STOP => return Ok(()),
                    Token(i) if i < self.listeners.len() => self.accept(i)?,
                    Token(i) => self.handle(i - self.listeners.len(), event),
                }
            }
        }
    }

    fn accept(&mut self, listener: usize) -> io::Result<()> {
        loop {
            match self.listeners[listener].accept() {
                Ok((stream, _)) => self.admit(stream)?,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn admit(&mut self, mut stream: TcpStream) -> io::Result<()> {
        let entry = self.peers.vacant_entry();
        let token = Token(entry.key() + self.listeners.len());
        register(self.poll.registry(), &mut stream, token)?;
        entry.insert(Peer { stream, stage: Stage::Request(Vec::new()) });
        Ok(())
    }

    fn handle(&mut self, key: usize, event: &Event) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        // A reset or a malformed opening ends this connection only; the client notices by itself.
        let goes_on = peer.handle(&mut self.buffer, event).unwrap_or(false);
        if !goes_on {
            self.peers.remove(key);
        }
    }
}

fn register(registry: &Registry, stream: &mut TcpStream, token: Token) -> io::Result<()> {
    registry.register(stream, token, Interest::READABLE | Interest::WRITABLE)
}

/// One connection.
struct Peer {
    stream: TcpStream,
    stage: Stage,
}

enum Stage {
    /// A request is awaited, the first one behind a header; what there is of them.
    Request(Vec<u8>),
    /// Bytes still to come.
    Upload(u64),
    /// Bytes still to be sent.
    Download(u64),
}

impl Peer {
    /// Reads and writes what it can; false at the end.
    fn handle(&mut self, buffer: &mut [u8], event: &Event) -> io::Result<bool> {
        if event.is_writable() && matches!(self.stage, Stage::Download(_)) {
            self.send()?;
        }
        if !event.is_readable() {
            return Ok(true);
        }
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(true),
                Err(e) => return Err(e),
            };
            self.take(&buffer[..count])?;
            if count < buffer.len() && !event.is_read_closed() {
                return Ok(true);
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stage {
            Stage::Request(held) if held.is_empty() => self.open(bytes),
            Stage::Request(held) => {
                let mut whole = std::mem::take(held);
                whole.extend_from_slice(bytes);
                self.open(&whole)
            }
            Stage::Upload(left) => {
                *left = left.saturating_sub(bytes.len() as u64);
                if *left == 0 {
                    self.stage = Stage::Request(Vec::new());
                    self.reply()?;
                }
                Ok(())
            }
            Stage::Download(_) => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn open(&mut self, bytes: &[u8]) -> io::Result<()> {
        let header = match proxy_header::opening(bytes) {
            Opening::Header(length) => length,
            Opening::Incomplete => return self.hold(bytes),
            Opening::Malformed => return Err(io::ErrorKind::InvalidData.into()),
        };
        let Some((message, rest)) = bytes[header..].split_at_checked(MESSAGE) else {
            return self.hold(bytes);
        };
        match Request::decode(message).ok_or(io::ErrorKind::InvalidData)? {
            Request::Echo => {
                self.stage = Stage::Request(Vec::new());
                self.reply()?;
            }
            Request::Upload(bytes) => self.stage = Stage::Upload(bytes),
            Request::Download(bytes) => {
                self.stage = Stage::Download(bytes);
                self.send()?;
            }
        }
        if rest.is_empty() { Ok(()) } else { self.take(rest) }
    }

    fn hold(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > OPENING_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.stage = Stage::Request(bytes.to_vec());
        Ok(())
    }

    /// It always fits: a client has one request open per connection.
    fn reply(&mut self) -> io::Result<()> {
        self.stream.write_all(&[0; MESSAGE])
    }

    fn send(&mut self) -> io::Result<()> {
        static ZEROS: [u8; CHUNK] = [0; CHUNK];
        while let Stage::Download(left @ 1..) = &mut self.stage {
            let length = usize::try_from(*left).unwrap_or(CHUNK).min(CHUNK);
            match self.stream.write(&ZEROS[..length]) {
                Ok(count) => *left -= count as u64,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        self.stage = Stage::Request(Vec::new());
        Ok(())
    }
}
