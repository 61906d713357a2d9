//! Questions at a steady pace, whether or not the ones before were answered: how long answers take
//! when the server is not at its limits.
//!
//! Two questions are due every half millisecond, on eight sockets in turn. One thread sends and
//! receives, so that it is woken as a client is; an answer's time starts when its question was due
//! to be sent. Relies on answers repeating the question's id (RFC 1035 4.1.1).

use std::{
    collections::HashMap,
    fs, io,
    net::{Ipv4Addr, UdpSocket},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::zone;
use crate::clock;

/// Between two batches.
const PERIOD: Duration = Duration::from_micros(500);
/// Questions of a batch.
const BATCH: u32 = 2;
const SOCKETS: usize = 8;
/// How long is waited for the last answers.
const LAST: Duration = Duration::from_millis(200);

/// What came of a run.
#[derive(Clone, Copy, Debug)]
pub struct Probed {
    /// How many questions were answered.
    pub answered: u32,
    /// Microseconds that half of the answers took at most.
    pub p50_us: f64,
    /// Microseconds that 99 % took at most.
    pub p99_us: f64,
    /// Mean size of a reply.
    pub reply_len: f64,
    /// Answers per second.
    pub rate: f64,
}

/// Asks for so many seconds.
#[expect(clippy::disallowed_methods, reason = "no socket waits: it is polled first")]
pub fn run(port: u16, folder: &Path, seconds: u32) -> Result<Probed> {
    let questions = questions(folder)?;
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_nonblocking(true)?;
        sockets.push(socket);
    }
    let batches = Duration::from_secs(seconds.into()).as_micros() / PERIOD.as_micros();
    let batches = u32::try_from(batches).context("count batches")?;
    let mut run = Run { sockets, sent: HashMap::new(), took: Vec::new(), bytes: 0 };
    let started = clock::now();
    for batch in 0..batches {
        let due = PERIOD * batch;
        run.receive_until(started, due)?;
        for n in batch * BATCH..(batch + 1) * BATCH {
            run.send(n, due, &questions)?;
        }
    }
    run.receive_until(started, PERIOD * batches + LAST)?;
    run.end(BATCH * batches, seconds)
}

/// The zone's positive questions as messages without id.
fn questions(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let text = fs::read_to_string(folder.join(zone::POSITIVE)).context("read the questions")?;
    text.lines()
        .map(|line| {
            let (name, rtype) = line.split_once(' ').context("a name and a type")?;
            let rtype = if rtype == "A" { 1 } else { 28 };
            Ok(zone::question(name, rtype))
        })
        .collect()
}

struct Run {
    sockets: Vec<UdpSocket>,
    /// When each question was due, by its socket and id.
    sent: HashMap<(usize, [u8; 2]), Duration>,
    took: Vec<Duration>,
    bytes: usize,
}

impl Run {
    fn send(&mut self, n: u32, due: Duration, questions: &[Vec<u8>]) -> Result<()> {
        let number = usize::try_from(n)?;
        let mut question = questions[number % questions.len()].clone();
        let [_, _, id @ ..] = n.to_be_bytes();
        question[..2].copy_from_slice(&id);
        let at = number % SOCKETS;
        self.sent.insert((at, id), due);
        // A full socket loses the question, which then counts as unanswered.
        let _ = self.sockets[at].send(&question);
        Ok(())
    }

    /// Takes answers until so long after the start.
    fn receive_until(&mut self, started: std::time::Instant, until: Duration) -> Result<()> {
        loop {
            let left = until.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Ok(());
            }
            let left = Timespec::try_from(left).context("wait")?;
            let flags = PollFlags::IN;
            let mut watched: Vec<_> =
                self.sockets.iter().map(|socket| PollFd::new(socket, flags)).collect();
            match poll(&mut watched, Some(&left)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error).context("poll"),
            }
            let ready: Vec<_> = watched.iter().map(|it| !it.revents().is_empty()).collect();
            for at in (0..SOCKETS).filter(|at| ready[*at]) {
                self.take(at, started)?;
            }
        }
    }

    fn take(&mut self, at: usize, started: std::time::Instant) -> io::Result<()> {
        let mut reply = [0; 1500];
        loop {
            match self.sockets[at].recv(&mut reply) {
                Ok(len) => {
                    if let Some(due) = self.sent.remove(&(at, [reply[0], reply[1]])) {
                        self.took.push(started.elapsed().saturating_sub(due));
                        self.bytes += len;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn end(mut self, asked: u32, seconds: u32) -> Result<Probed> {
        self.took.sort_unstable();
        let answered = u32::try_from(self.took.len())?;
        ensure!(answered * 100 >= asked * 99, "{answered} of {asked} questions were answered");
        let quantile = |percent: usize| {
            let at = self.took.len() * percent / 100;
            self.took.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1e6)
        };
        Ok(Probed {
            answered,
            p50_us: quantile(50),
            p99_us: quantile(99),
            reply_len: self.bytes as f64 / f64::from(answered),
            rate: f64::from(answered) / f64::from(seconds),
        })
    }
}
