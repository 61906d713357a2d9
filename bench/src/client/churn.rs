//! Short connections: connect, one request, its reply, close. The same with nothing closed opens
//! connections to be kept.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
};

use mio::net::TcpStream;
use slab::Slab;

use super::{CONNECTIONS_MAX, Close, Loop, Outcome, Stopwatch, ended_early, must_wait};
use crate::{
    source::{self, Sources},
    wire::{MESSAGE, Request},
};

/// Connections that [`open`] makes at once: below every peer's backlog.
const OPEN_AT_ONCE: usize = 32;

struct Client {
    stream: TcpStream,
    sent: bool,
    got: usize,
}

struct Run<'a> {
    to: SocketAddr,
    sources: &'a mut Sources,
    turn: Loop,
    clients: Slab<Client>,
    to_start: u64,
    to_end: u64,
}

pub(super) fn run(
    to: SocketAddr,
    sources: &mut Sources,
    connections: u64,
    at_once: usize,
    close: Close,
) -> io::Result<Outcome> {
    let mut watch = Stopwatch::default();
    watch.start();
    Run::start(to, sources, connections, at_once)?.finish(|stream| match close {
        Close::Reset => source::reset(stream),
        Close::Fin => Ok(()),
    })?;
    Ok(Outcome { wall: watch.elapsed(), units: connections, latency: None })
}

/// Opens connections, each with one request behind it, and keeps them.
pub fn open(to: SocketAddr, sources: &mut Sources, count: usize) -> io::Result<Vec<TcpStream>> {
    let count = count.min(CONNECTIONS_MAX);
    let mut open = Vec::with_capacity(count);
    Run::start(to, sources, count as u64, OPEN_AT_ONCE)?.finish(|stream| {
        open.push(stream);
        Ok(())
    })?;
    Ok(open)
}

impl<'a> Run<'a> {
    fn start(
        to: SocketAddr,
        sources: &'a mut Sources,
        connections: u64,
        at_once: usize,
    ) -> io::Result<Self> {
        let at_once = at_once.clamp(1, CONNECTIONS_MAX);
        let mut run = Self {
            to,
            sources,
            turn: Loop::new()?,
            clients: Slab::with_capacity(at_once),
            to_start: connections,
            to_end: connections,
        };
        for _ in 0..at_once {
            run.begin()?;
        }
        Ok(run)
    }

    fn finish(mut self, mut end: impl FnMut(TcpStream) -> io::Result<()>) -> io::Result<()> {
        let mut due = Vec::new();
        while self.to_end > 0 {
            self.turn.wait()?;
            due.extend(self.turn.events.iter().map(|event| event.token().0));
            for key in due.drain(..) {
                if !self.clients.contains(key) || !self.advance(key)? {
                    continue;
                }
                end(self.clients.remove(key).stream)?;
                self.to_end -= 1;
                self.begin()?;
            }
        }
        Ok(())
    }

    /// Starts the next connection, if there is one.
    fn begin(&mut self) -> io::Result<()> {
        if self.to_start == 0 {
            return Ok(());
        }
        self.to_start -= 1;
        let mut stream = self.sources.connect(self.to)?;
        let entry = self.clients.vacant_entry();
        self.turn.register(&mut stream, entry.key())?;
        entry.insert(Client { stream, sent: false, got: 0 });
        Ok(())
    }

    /// Whether the reply is here.
    fn advance(&mut self, key: usize) -> io::Result<bool> {
        let client = &mut self.clients[key];
        if !client.sent {
            match client.stream.write_all(&Request::Echo.encode()) {
                Ok(()) => client.sent = true,
                Err(e) if must_wait(&e) => {}
                Err(e) => return Err(e),
            }
            return Ok(false);
        }
        match client.stream.read(&mut [0; 2 * MESSAGE]) {
            Ok(0) => Err(ended_early()),
            Ok(count) => {
                client.got += count;
                Ok(client.got >= MESSAGE)
            }
            Err(e) if must_wait(&e) => Ok(false),
            Err(e) => Err(e),
        }
    }
}
