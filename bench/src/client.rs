//! The client side of the load: fixed work, one thread, one epoll.
//!
//! A mode per file: [`request`] (keepalive connections), [`churn`] (short connections, and ones
//! that are opened and kept), [`bulk`] (flows of many bytes). Every mode is bounded by its amount
//! of work and by a time limit, and fails if a single connection does.

pub mod bulk;
pub mod churn;
pub mod request;

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpStream};

use crate::{
    clock::{self, Limit},
    source::Sources,
};

/// How long one run may take; the longest is meant to take a second.
pub const RUN_MAX: Duration = Duration::from_secs(60);
/// How long one wait for events may take, so that the limit is seen.
const WAIT: Duration = Duration::from_millis(200);
/// Events taken per wake.
const EVENTS: usize = 1024;
/// The most connections that a mode opens at once.
pub const CONNECTIONS_MAX: usize = 20_000;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Requests over keepalive connections, one open per connection.
    Requests {
        /// Connections.
        connections: usize,
        /// Requests in all.
        requests: u64,
    },
    /// Connections that carry one request each.
    Churn {
        /// Connections in all.
        connections: u64,
        /// Connections open at once.
        at_once: usize,
        /// How the client ends them.
        close: Close,
    },
    /// Flows of many bytes.
    Bulk {
        /// Flows.
        flows: usize,
        /// Bytes of each.
        bytes: u64,
        /// Which way they go.
        way: Way,
    },
}

/// How a client ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// With a reset.
    Reset,
    /// With an ordinary FIN.
    Fin,
}

/// Which way bulk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From client to back end.
    Up,
    /// From back end to client.
    Down,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// From the first measured byte to the last, with connections already set up where the mode
    /// keeps them.
    pub wall: Duration,
    /// Requests, connections or bytes.
    pub units: u64,
    /// How long requests took, where only one was open at a time.
    pub latency: Option<Latency>,
}

impl Outcome {
    /// Units per second.
    pub fn rate(&self) -> f64 {
        self.units as f64 / self.wall.as_secs_f64()
    }
}

/// Percentiles of a request's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The median.
    pub p50: Duration,
    /// Of a hundred requests the second slowest.
    pub p99: Duration,
}

impl Latency {
    /// Of times in any order; none of none.
    pub fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).copied();
        Some(Self { p50: at(50)?, p99: at(99)? })
    }
}

/// Does the work against one address.
pub fn run(work: Work, to: SocketAddr, sources: &mut Sources) -> io::Result<Outcome> {
    match work {
        Work::Requests { connections, requests } => {
            request::run(to, sources, connections, requests)
        }
        Work::Churn { connections, at_once, close } => {
            churn::run(to, sources, connections, at_once, close)
        }
        Work::Bulk { flows, bytes, way } => bulk::run(to, sources, flows, bytes, way),
    }
}

/// The event loop that all modes share.
struct Loop {
    poll: Poll,
    events: Events,
    limit: Limit,
}

impl Loop {
    fn new() -> io::Result<Self> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(EVENTS));
        Ok(Self { poll, events, limit: Limit::starting(RUN_MAX) })
    }

    fn register(&self, stream: &mut TcpStream, key: usize) -> io::Result<()> {
        self.poll.registry().register(stream, Token(key), Interest::READABLE | Interest::WRITABLE)
    }

    fn wait(&mut self) -> io::Result<()> {
        if self.limit.is_over() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the work was not done in time"));
        }
        match self.poll.poll(&mut self.events, Some(WAIT)) {
            Err(e) if e.kind() != io::ErrorKind::Interrupted => Err(e),
            _ => Ok(()),
        }
    }
}

/// Whether a call would have to wait; also true of a connection that is not complete yet.
fn must_wait(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected)
}

fn ended_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended before the reply")
}

/// Runs from the moment that it is started.
#[derive(Clone, Copy, Debug, Default)]
struct Stopwatch(Option<Instant>);

impl Stopwatch {
    fn start(&mut self) {
        self.0 = Some(clock::now());
    }

    fn elapsed(self) -> Duration {
        self.0.map_or(Duration::ZERO, |from| from.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    #[test]
    fn all_work_gets_done() {
        let close = Close::Reset;
        let works = [
            (Work::Requests { connections: 1, requests: 10 }, 10),
            (Work::Requests { connections: 7, requests: 500 }, 500),
            (Work::Churn { connections: 50, at_once: 8, close }, 50),
            (Work::Churn { connections: 3, at_once: 8, close: Close::Fin }, 3),
            (Work::Bulk { flows: 1, bytes: 3_000_001, way: Way::Up }, 3_000_001),
            (Work::Bulk { flows: 3, bytes: 1_000_001, way: Way::Down }, 3_000_003),
        ];
        let backend = Backend::start(1, None).unwrap();
        let mut sources = Sources::seeded(1);
        for (work, units) in works {
            let outcome = run(work, backend.addrs()[0], &mut sources).unwrap();
            assert_eq!(outcome.units, units, "{work:?}");
            assert!(outcome.wall > Duration::ZERO, "{work:?}");
            let single = matches!(work, Work::Requests { connections: 1, .. });
            assert_eq!(outcome.latency.is_some(), single, "{work:?}");
        }
        assert_eq!(churn::open(backend.addrs()[0], &mut sources, 9).unwrap().len(), 9);
    }

    #[test]
    fn refused_connections_are_errors() {
        let backend = Backend::start(1, None).unwrap();
        let addr = backend.addrs()[0];
        drop(backend);
        let work = Work::Requests { connections: 1, requests: 1 };
        let refused = run(work, addr, &mut Sources::seeded(2)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn percentiles_are_of_sorted_times() {
        let times = (0..100).rev().map(Duration::from_micros).collect();
        let latency = Latency::of(times).unwrap();
        assert_eq!(latency.p50, Duration::from_micros(50));
        assert_eq!(latency.p99, Duration::from_micros(99));
        assert_eq!(Latency::of(vec![]), None);
    }
}
