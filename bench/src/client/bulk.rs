//! Flows of many bytes, either way. An uncounted request per flow comes first: it pays for the
//! connection.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
};

use mio::net::TcpStream;

use super::{CONNECTIONS_MAX, Loop, Outcome, Stopwatch, Way, ended_early, must_wait};
use crate::{
    source::{self, Sources},
    wire::{CHUNK, MESSAGE, Request},
};

enum Stage {
    /// The uncounted request is to be sent.
    Connecting,
    /// Its reply is to come: this many bytes.
    Opening(usize),
    /// Waiting for the other flows to be open.
    Open,
    /// Bytes to be sent, then bytes to come.
    Moving { to_send: u64, to_come: u64 },
}

struct Flow {
    stream: TcpStream,
    stage: Stage,
}

struct Run {
    flows: Vec<Flow>,
    buffer: Vec<u8>,
    zeros: Vec<u8>,
    opening: usize,
    moving: usize,
    bytes: u64,
    way: Way,
    watch: Stopwatch,
}

pub(super) fn run(
    to: SocketAddr,
    sources: &mut Sources,
    flows: usize,
    bytes: u64,
    way: Way,
) -> io::Result<Outcome> {
    let count = flows.clamp(1, CONNECTIONS_MAX);
    let mut turn = Loop::new()?;
    let mut flows = Vec::with_capacity(count);
    for key in 0..count {
        let mut stream = sources.connect(to)?;
        turn.register(&mut stream, key)?;
        flows.push(Flow { stream, stage: Stage::Connecting });
    }
    let mut run = Run {
        flows,
        buffer: vec![0; CHUNK],
        zeros: vec![0; CHUNK],
        opening: count,
        moving: count,
        bytes,
        way,
        watch: Stopwatch::default(),
    };
    while run.moving > 0 {
        turn.wait()?;
        for event in &turn.events {
            let key = event.token().0;
            if event.is_writable() {
                run.write(key)?;
            }
            if event.is_readable() {
                run.read(key)?;
            }
        }
    }
    let wall = run.watch.elapsed();
    run.flows.into_iter().try_for_each(|flow| source::reset(flow.stream))?;
    Ok(Outcome { wall, units: bytes * count as u64, latency: None })
}

impl Run {
    fn write(&mut self, key: usize) -> io::Result<()> {
        let flow = &mut self.flows[key];
        match &mut flow.stage {
            Stage::Connecting => match flow.stream.write_all(&Request::Echo.encode()) {
                Ok(()) => flow.stage = Stage::Opening(MESSAGE),
                Err(e) if must_wait(&e) => {}
                Err(e) => return Err(e),
            },
            Stage::Moving { to_send, .. } => {
                while *to_send > 0 {
                    let length = usize::try_from(*to_send).unwrap_or(CHUNK).min(CHUNK);
                    match flow.stream.write(&self.zeros[..length]) {
                        Ok(count) => *to_send -= count as u64,
                        Err(e) if must_wait(&e) => break,
                        Err(e) => return Err(e),
                    }
                }
            }
            Stage::Opening(_) | Stage::Open => {}
        }
        Ok(())
    }

    fn read(&mut self, key: usize) -> io::Result<()> {
        loop {
            let flow = &mut self.flows[key];
            let count = match flow.stream.read(&mut self.buffer) {
                Ok(0) => return Err(ended_early()),
                Ok(count) => count,
                Err(e) if must_wait(&e) => return Ok(()),
                Err(e) => return Err(e),
            };
            match &mut flow.stage {
                Stage::Opening(left) => {
                    *left = left.saturating_sub(count);
                    if *left == 0 {
                        flow.stage = Stage::Open;
                        self.opened()?;
                    }
                }
                Stage::Moving { to_come, .. } => {
                    *to_come = to_come.saturating_sub(count as u64);
                    if *to_come == 0 {
                        self.moving -= 1;
                        return Ok(());
                    }
                }
                Stage::Connecting | Stage::Open => return Err(io::ErrorKind::InvalidData.into()),
            }
            if count < self.buffer.len() {
                return Ok(());
            }
        }
    }

    /// The last flow to open starts the clock and all flows.
    fn opened(&mut self) -> io::Result<()> {
        self.opening -= 1;
        if self.opening > 0 {
            return Ok(());
        }
        self.watch.start();
        let (request, to_send, to_come) = match self.way {
            Way::Up => (Request::Upload(self.bytes), self.bytes, MESSAGE as u64),
            Way::Down => (Request::Download(self.bytes), 0, self.bytes),
        };
        for key in 0..self.flows.len() {
            self.flows[key].stream.write_all(&request.encode())?;
            self.flows[key].stage = Stage::Moving { to_send, to_come };
            self.write(key)?;
        }
        Ok(())
    }
}
