//! Keepalive connections with one request open on each. A first request per connection is not
//! counted: it pays for the connection.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::net::TcpStream;

use super::{CONNECTIONS_MAX, Latency, Loop, Outcome, Stopwatch, ended_early, must_wait};
use crate::{
    clock,
    source::{self, Sources},
    wire::{MESSAGE, Request},
};

struct Client {
    stream: TcpStream,
    /// Whether its uncounted first request was sent.
    opened: bool,
    /// Bytes of the reply so far.
    got: usize,
    sent_at: Option<Instant>,
}

struct Run {
    clients: Vec<Client>,
    message: [u8; MESSAGE],
    /// Connections whose first reply is still out.
    opening: usize,
    to_send: u64,
    to_come: u64,
    watch: Stopwatch,
    /// Filled only if a single connection makes each time meaningful.
    times: Option<Vec<Duration>>,
}

pub(super) fn run(
    to: SocketAddr,
    sources: &mut Sources,
    connections: usize,
    requests: u64,
) -> io::Result<Outcome> {
    let connections = connections.clamp(1, CONNECTIONS_MAX);
    let mut turn = Loop::new()?;
    let mut clients = Vec::with_capacity(connections);
    for key in 0..connections {
        let mut stream = sources.connect(to)?;
        turn.register(&mut stream, key)?;
        clients.push(Client { stream, opened: false, got: 0, sent_at: None });
    }
    let mut run = Run {
        clients,
        message: Request::Echo.encode(),
        opening: connections,
        to_send: requests,
        to_come: requests,
        watch: Stopwatch::default(),
        times: (connections == 1).then(Vec::new),
    };
    while run.to_come > 0 {
        turn.wait()?;
        for event in &turn.events {
            let key = event.token().0;
            if event.is_writable() {
                run.open(key)?;
            }
            if event.is_readable() {
                run.read(key)?;
            }
        }
    }
    let wall = run.watch.elapsed();
    run.clients.into_iter().try_for_each(|client| source::reset(client.stream))?;
    Ok(Outcome { wall, units: requests, latency: run.times.and_then(Latency::of) })
}

impl Run {
    /// Sends the uncounted first request, once.
    fn open(&mut self, key: usize) -> io::Result<()> {
        let client = &mut self.clients[key];
        if client.opened {
            return Ok(());
        }
        match client.stream.write_all(&self.message) {
            Ok(()) => client.opened = true,
            Err(e) if must_wait(&e) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    fn read(&mut self, key: usize) -> io::Result<()> {
        let mut buffer = [0; 2 * MESSAGE];
        match self.clients[key].stream.read(&mut buffer) {
            Ok(0) => return Err(ended_early()),
            Ok(count) => self.clients[key].got += count,
            Err(e) if must_wait(&e) => return Ok(()),
            Err(e) => return Err(e),
        }
        if self.clients[key].got < MESSAGE {
            return Ok(());
        }
        self.clients[key].got = 0;
        if self.opening > 0 { self.opened() } else { self.replied(key) }
    }

    /// The last first reply starts the clock and a request on every connection.
    fn opened(&mut self) -> io::Result<()> {
        self.opening -= 1;
        if self.opening > 0 {
            return Ok(());
        }
        self.watch.start();
        (0..self.clients.len()).try_for_each(|key| self.send(key))
    }

    fn replied(&mut self, key: usize) -> io::Result<()> {
        if let (Some(times), Some(at)) = (&mut self.times, self.clients[key].sent_at) {
            times.push(at.elapsed());
        }
        self.to_come -= 1;
        self.send(key)
    }

    fn send(&mut self, key: usize) -> io::Result<()> {
        if self.to_send == 0 {
            return Ok(());
        }
        self.to_send -= 1;
        let client = &mut self.clients[key];
        if self.times.is_some() {
            client.sent_at = Some(clock::now());
        }
        client.stream.write_all(&self.message)
    }
}
