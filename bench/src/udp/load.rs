//! The load: datagrams and their answers with so many under way per flow, datagrams one way, flows
//! of one datagram and answer each. All of it for a time, never more than fits the buffers.
//!
//! Datagrams are sent one by one in the kernel's eyes (no UDP_SEGMENT), many with one call: what
//! arrives at a candidate is not joined, which does those no favour that could take it so. What is
//! not answered between two looks is lost, and another takes its place.

use std::{
    io::{self, IoSlice},
    net::{SocketAddr, SocketAddrV4},
    os::fd::AsFd as _,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use mio::{Events, Interest, Poll, Token, net::UdpSocket};
use socket2::{Domain, Socket, Type};
use sys::packets::{BURST, Inbox, Outgoing, send};

use super::target::{BUFFER_BYTES, COUNT, ECHO, Target};
use crate::{
    clock::{self, Limit},
    source::Sources,
};

/// New flows at the same time.
pub const AT_ONCE: usize = 32;
/// New flows of one run: nginx holds those of a run until they have been silent for a while.
const NEW_FLOWS_MAX: usize = 6000;
/// Datagrams of a flood that are under way.
const FLOOD: u64 = 256;
/// Between two looks for what is lost: long enough for a candidate whose calls are counted.
const SWEEP: Duration = Duration::from_millis(500);
/// Between two looks whether a flood has arrived.
const LOOK: Duration = Duration::from_micros(50);

/// One load by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// 64 bytes there and back, one flow.
    OneFlow,
    /// The same in a thousand.
    ManyFlows,
    /// 1,200 bytes there and back, eight flows.
    Large,
    /// 1,472 bytes there.
    Flood,
    /// Flows of one datagram and answer.
    NewFlows,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Datagrams that come back, so many under way in each of so many flows.
    Echo {
        /// How many flows.
        flows: usize,
        /// The size of a datagram.
        bytes: usize,
        /// How many of each flow are under way.
        under_way: usize,
    },
    /// Datagrams one way.
    Flood {
        /// The size of a datagram.
        bytes: usize,
    },
    /// Flows of one datagram and answer.
    Flows {
        /// How many at a time.
        at_once: usize,
        /// How many in all.
        most: usize,
    },
}

impl Load {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 5] =
        [Self::OneFlow, Self::ManyFlows, Self::Large, Self::Flood, Self::NewFlows];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneFlow => "64 B there and back, 1 flow",
            Self::ManyFlows => "64 B there and back, 1,000 flows",
            Self::Large => "1,200 B there and back, 8 flows",
            Self::Flood => "1,472 B one way, 1 flow",
            Self::NewFlows => "new flows, 64 B there and back",
        }
    }

    /// Whether a word on the command line means it.
    pub fn is_called(self, word: &str) -> bool {
        let name = match self {
            Self::OneFlow => "one",
            Self::ManyFlows => "many",
            Self::Large => "large",
            Self::Flood => "flood",
            Self::NewFlows => "new",
        };
        name == word
    }

    /// What one of its units is.
    pub fn unit(self) -> &'static str {
        if self == Self::NewFlows { "flow" } else { "datagram" }
    }

    /// What is done.
    pub fn work(self) -> Work {
        match self {
            Self::OneFlow => Work::Echo { flows: 1, bytes: 64, under_way: 64 },
            Self::ManyFlows => Work::Echo { flows: 1000, bytes: 64, under_way: 1 },
            Self::Large => Work::Echo { flows: 8, bytes: 1200, under_way: 8 },
            Self::Flood => Work::Flood { bytes: 1472 },
            Self::NewFlows => Work::Flows { at_once: AT_ONCE, most: NEW_FLOWS_MAX },
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Datagrams that arrived, both ways.
    pub relayed: u64,
    /// Those that were not answered, or did not arrive.
    pub lost: u64,
    /// Flows that were answered.
    pub flows: u64,
    /// How long it took.
    pub wall: Duration,
}

struct Client {
    socket: UdpSocket,
    under_way: usize,
    is_answered: bool,
}

/// A load with its sockets.
pub struct Run<'a> {
    work: Work,
    to: SocketAddr,
    target: &'a Target,
    sources: &'a mut Sources,
    poll: Poll,
    clients: Vec<Client>,
    inbox: Inbox,
    payload: Vec<u8>,
}

impl<'a> Run<'a> {
    /// Opens the sockets.
    pub fn prepare(
        work: Work,
        to: SocketAddr,
        target: &'a Target,
        sources: &'a mut Sources,
    ) -> Result<Self> {
        let (clients, bytes, kind) = match work {
            Work::Echo { flows, bytes, .. } => (flows, bytes, ECHO),
            Work::Flood { bytes } => (1, bytes, COUNT),
            Work::Flows { at_once, .. } => (at_once, 64, ECHO),
        };
        let (poll, inbox) = (Poll::new()?, Inbox::new(BURST));
        let payload = vec![kind; bytes];
        let mut run = Self { work, to, target, sources, poll, clients: vec![], inbox, payload };
        for at in 0..clients {
            let client = run.open(at).context("open a client's socket")?;
            run.clients.push(client);
        }
        Ok(run)
    }

    fn open(&mut self, at: usize) -> io::Result<Client> {
        let kind = Type::DGRAM.nonblocking();
        let socket = Socket::new(Domain::for_address(self.to), kind, None)?;
        socket.set_recv_buffer_size(BUFFER_BYTES)?;
        socket.bind(&SocketAddrV4::new(self.sources.draw(), 0).into())?;
        socket.connect(&self.to.into())?;
        let mut socket = UdpSocket::from_std(socket.into());
        self.poll.registry().register(&mut socket, Token(at), Interest::READABLE)?;
        Ok(Client { socket, under_way: 0, is_answered: false })
    }

    /// Does the work for a time, and waits for what is under way.
    pub fn go(&mut self, lasts: Duration) -> Result<Counts> {
        let start = clock::now();
        let mut counts = match self.work {
            Work::Flood { .. } => self.flood(lasts),
            Work::Echo { under_way, .. } => self.exchange(lasts, under_way, usize::MAX),
            Work::Flows { most, .. } => self.exchange(lasts, 1, most),
        }?;
        counts.wall = start.elapsed();
        if counts.relayed == 0 {
            bail!("nothing arrived");
        }
        Ok(counts)
    }

    fn exchange(&mut self, lasts: Duration, under_way: usize, flows_max: usize) -> Result<Counts> {
        let (limit, mut sweep) = (Limit::starting(lasts), Limit::starting(SWEEP));
        let mut counts = Counts::default();
        let mut begun = self.clients.len();
        let mut events = Events::with_capacity(1024);
        for at in 0..self.clients.len() {
            self.fill(at, under_way)?;
        }
        while self.clients.iter().any(|client| client.under_way > 0) {
            match self.poll.poll(&mut events, Some(SWEEP)) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e.into()),
                _ => {}
            }
            let goes_on = !limit.is_over() && begun < flows_max;
            for Token(at) in events.iter().map(mio::event::Event::token) {
                let answered = self.receive(at)?;
                counts.relayed += 2 * answered;
                counts.flows += answered;
                if goes_on {
                    if flows_max < usize::MAX && answered > 0 {
                        self.clients[at] = self.open(at)?;
                        begun += 1;
                    }
                    self.fill(at, under_way)?;
                }
            }
            if sweep.is_over() {
                counts.lost += self.sweep(goes_on.then_some(under_way))?;
                sweep = Limit::starting(SWEEP);
            }
        }
        Ok(counts)
    }

    /// Sends until so many are under way.
    fn fill(&mut self, at: usize, under_way: usize) -> Result<()> {
        let client = &mut self.clients[at];
        let parts = [IoSlice::new(&self.payload)];
        let message = Outgoing { to: None, parts: &parts, segment: None };
        while client.under_way < under_way {
            let count = (under_way - client.under_way).min(BURST);
            match send(client.socket.as_fd(), &[message; BURST][..count]) {
                Ok(sent) => client.under_way += sent,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e).context("send"),
            }
        }
        Ok(())
    }

    /// Takes all answers that a client has.
    fn receive(&mut self, at: usize) -> Result<u64> {
        let client = &mut self.clients[at];
        let mut answers = 0;
        loop {
            self.inbox.clear();
            let count = match self.inbox.receive(client.socket.as_fd(), BURST) {
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => 0,
                Err(e) => return Err(e).context("receive"),
            };
            answers += u64::try_from(count)?;
            client.under_way = client.under_way.saturating_sub(count);
            client.is_answered |= count > 0;
            if count < BURST {
                return Ok(answers);
            }
        }
    }

    /// Gives up what was not answered since the last look.
    fn sweep(&mut self, again: Option<usize>) -> Result<u64> {
        let mut lost = 0;
        for at in 0..self.clients.len() {
            let client = &mut self.clients[at];
            if std::mem::take(&mut client.is_answered) || client.under_way == 0 {
                continue;
            }
            lost += u64::try_from(std::mem::take(&mut client.under_way))?;
            if let Some(under_way) = again {
                self.fill(at, under_way)?;
            }
        }
        Ok(lost)
    }

    fn flood(&mut self, lasts: Duration) -> Result<Counts> {
        let limit = Limit::starting(lasts);
        let mut counts = Counts::default();
        let (mut seen, mut sweep) = (self.target.counted(), Limit::starting(SWEEP));
        let mut under_way = 0_u64;
        while !limit.is_over() || under_way > 0 {
            let now = self.target.counted();
            if now > seen {
                counts.relayed += now - seen;
                under_way = under_way.saturating_sub(now - seen);
                (seen, sweep) = (now, Limit::starting(SWEEP));
            } else if sweep.is_over() {
                counts.lost += std::mem::take(&mut under_way);
                sweep = Limit::starting(SWEEP);
            }
            if limit.is_over() || under_way + u64::try_from(BURST)? > FLOOD {
                thread::sleep(LOOK);
                continue;
            }
            let client = &mut self.clients[0];
            client.under_way = 0;
            self.fill(0, BURST)?;
            under_way += u64::try_from(self.clients[0].under_way)?;
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_target_takes_is_counted_and_loss_is_seen() {
        crate::machine::raise_open_files().unwrap();
        let addr = crate::peer::free_port().unwrap();
        let addr = SocketAddr::from(([127, 0, 0, 1], addr));
        let target = Target::start(addr, None).unwrap();
        let mut sources = Sources::seeded(3);
        let lasts = Duration::from_millis(20);
        for load in Load::ALL {
            let mut run = Run::prepare(load.work(), addr, &target, &mut sources).unwrap();
            let counts = run.go(lasts).unwrap();
            assert!(counts.relayed > 100 && counts.lost == 0, "{load:?}: {counts:?}");
            let is_new = load == Load::NewFlows;
            assert!(!is_new || counts.flows * 2 == counts.relayed, "{counts:?}");
        }
        // An address that takes datagrams and never answers.
        let deaf = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let one = Work::Echo { flows: 2, bytes: 9, under_way: 1 };
        let mut run = Run::prepare(one, deaf.local_addr().unwrap(), &target, &mut sources).unwrap();
        assert!(run.go(lasts).is_err());
    }
}
