//! What health checks cost: Postern beside HAProxy, each with 1,000 targets that it checks every
//! 5 s, by TCP, HTTP and HTTPS.
//!
//! Read in this order: [`targets`] (who is checked), [`candidate`] (who checks) and [`table`] (what
//! came of it). Both check at the same time, so that what disturbs the machine disturbs both.

pub mod candidate;
pub mod table;
pub mod targets;

use std::{path::PathBuf, thread, time::Duration};

use anyhow::{Context, Result, ensure};

use crate::clock;
use candidate::{Candidate, Who};

/// Targets of each candidate.
pub const TARGETS: u16 = 1_000;
/// Between two checks of a target: the shortest interval of the API.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// What is called the busiest moment is so long.
pub const MOMENT: Duration = Duration::from_millis(100);
/// Before anything is measured: HAProxy spreads even the first checks over the interval.
const SETTLE: Duration = Duration::from_secs(15);

/// What is asked of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// That it accepts a connection.
    Tcp,
    /// That it answers over HTTP.
    Http,
    /// That it does so over TLS.
    Https,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tcp, Self::Http, Self::Https];

    /// Its name, as `HealthCheckProtocol` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
        }
    }
}

/// How it is done.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Rounds per question.
    pub rounds: usize,
    /// How long a round lasts; a multiple of [`INTERVAL`].
    pub lasts: Duration,
    /// Postern's binary.
    pub postern: PathBuf,
    /// A folder of our own.
    pub scratch: PathBuf,
    /// The processor of candidates, and that of targets.
    pub cpus: Option<(usize, usize)>,
}

/// One round of one candidate.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// What was asked.
    pub question: Question,
    /// By whom.
    pub who: Who,
    /// The share of a processor that its process used.
    pub share: f64,
    /// Checks per second, as far as targets see them: HAProxy ends a TCP check by a reset before
    /// the target could accept the connection.
    pub rate: f64,
    /// Checks in the busiest moment.
    pub busiest: u64,
}

/// Runs all rounds. Call it on the main thread.
pub fn run(setting: &Setting) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for question in Question::ALL {
        let mut candidates = Vec::new();
        for who in Who::ALL {
            candidates.push(Candidate::start(who, question, setting)?);
        }
        settle(&mut candidates, question)?;
        for _ in 0..setting.rounds {
            figures.extend(round(question, &mut candidates, setting.lasts)?);
        }
    }
    Ok(figures)
}

/// Waits until the first checks, which come as they are made, are over.
fn settle(candidates: &mut [Candidate], question: Question) -> Result<()> {
    thread::sleep(SETTLE);
    for Candidate { who, process, targets } in candidates {
        process.must_be_running().context(who.name())?;
        let is_seen = !(*who == Who::Haproxy && question == Question::Tcp);
        let checks = targets.checks();
        ensure!(
            !is_seen || checks >= 2 * u64::from(TARGETS),
            "{} made {checks} checks of {TARGETS} targets in {SETTLE:?}",
            who.name()
        );
    }
    Ok(())
}

fn round(question: Question, of: &mut [Candidate], lasts: Duration) -> Result<Vec<Figure>> {
    let mut before = Vec::new();
    for candidate in &*of {
        before.push((candidate.process.cpu()?, candidate.targets.checks()));
    }
    let start = clock::now();
    let mut busiest = vec![0; of.len()];
    while start.elapsed() < lasts {
        let counts: Vec<_> = of.iter().map(|it| it.targets.checks()).collect();
        thread::sleep(MOMENT);
        for ((candidate, count), busiest) in of.iter().zip(counts).zip(&mut busiest) {
            *busiest = candidate.targets.checks().saturating_sub(count).max(*busiest);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut figures = Vec::new();
    for ((candidate, (cpu, checks)), busiest) in of.iter_mut().zip(before).zip(busiest) {
        candidate.process.must_be_running().context(candidate.who.name())?;
        figures.push(Figure {
            question,
            who: candidate.who,
            share: (candidate.process.cpu()? - cpu) / seconds,
            rate: (candidate.targets.checks() - checks) as f64 / seconds,
            busiest,
        });
    }
    Ok(figures)
}
