//! UDP relayed, compared: Postern beside nginx's stream module, each with one worker, between the
//! same load and the same target.
//!
//! Read in this order: [`target`] and [`load`] (the two ends), [`candidate`] (who is between them)
//! and [`table`] (what came of it). A round does every load with every candidate, every second
//! round the other way round; what is compared is the processor time of the candidate's process
//! per datagram, within a round.

pub mod candidate;
pub mod load;
pub mod table;
pub mod target;

use std::{path::PathBuf, thread, time::Duration};

use anyhow::{Context, Result};

use crate::{
    clock::Limit,
    machine,
    measure::Amount,
    source::Sources,
    syscalls::{self, Calls},
};
use candidate::{Candidate, Who};
use load::{Counts, Load, Run, Work};

/// Datagrams through either candidate before anything is measured.
const WARM: Duration = Duration::from_millis(100);
/// A load is counted, not measured, for so long.
const COUNTED: Duration = Duration::from_millis(300);
/// How long nginx may take to forget flows after they are silent.
const FORGET_MAX: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_millis(50);
/// Flows that are begun before the rounds: more than a table of flows has room for, by default.
const TABLE_FLOWS: usize = 17_000;
/// Descriptors that a candidate has beside those of flows.
const SPARE_DESCRIPTORS: usize = 100;

/// How it is done.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How much.
    pub amount: Amount,
    /// No further round is begun after so long.
    pub lasts: Duration,
    /// Loads whose names contain one of these; all if there is none.
    pub only: Vec<String>,
    /// Postern's binary.
    pub postern: PathBuf,
    /// A folder of our own.
    pub scratch: PathBuf,
    /// The processor of candidates, and that of load and targets.
    pub cpus: Option<(usize, usize)>,
}

/// One run's figures.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// What was done.
    pub load: Load,
    /// To whom.
    pub who: Who,
    /// Microseconds of processor time per unit.
    pub cpu_us: f64,
    /// Units per second.
    pub rate: f64,
    /// The share of datagrams that were lost.
    pub lost: f64,
}

/// System calls per unit.
#[derive(Clone, Debug)]
pub struct Counted {
    /// What was done.
    pub load: Load,
    /// To whom.
    pub who: Who,
    /// What of it.
    pub calls: Calls,
}

impl Amount {
    fn lasts(self) -> Duration {
        match self {
            Self::Full => Duration::from_millis(800),
            Self::Quick => Duration::from_millis(300),
        }
    }
}

/// Starts the candidates, counts their calls, and runs the rounds. Call it on the main thread.
pub fn run(setting: &Setting) -> Result<(Vec<Figure>, Vec<Counted>)> {
    let limit = Limit::starting(setting.lasts);
    machine::raise_open_files().context("raise the limit of open files")?;
    let mut candidates = Vec::new();
    for who in Who::ALL {
        candidates.push(Candidate::start(who, setting)?);
    }
    let placed = machine::allowed_cpus()?;
    if let Some((_, cpu)) = setting.cpus {
        machine::pin_this_thread(cpu)?;
    }
    let mut sources = Sources::seeded(std::process::id());
    for candidate in &candidates {
        fill(candidate, &mut sources)?;
    }
    let is_wanted =
        |load: &Load| setting.only.is_empty() || setting.only.iter().any(|it| load.is_called(it));
    let loads: Vec<_> = Load::ALL.into_iter().filter(is_wanted).collect();
    let mut counted = Vec::new();
    for load in &loads {
        for candidate in &candidates {
            counted.push(count(*load, candidate, &mut sources, setting)?);
        }
    }
    let mut figures = Vec::new();
    for round in 0..setting.amount.rounds() {
        if round > 0 && limit.is_over() {
            break;
        }
        for load in &loads {
            let mut order: Vec<&Candidate> = candidates.iter().collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for candidate in order {
                figures.push(measure(*load, candidate, &mut sources, setting)?);
            }
        }
    }
    machine::allow_cpus(&placed)?;
    Ok((figures, counted))
}

/// Fills Postern's table, so that from now on a new flow ends another, as in a table that has been
/// in use for long. nginx has none: its flows end when they are silent.
fn fill(candidate: &Candidate, sources: &mut Sources) -> Result<()> {
    if candidate.who != Who::Postern {
        return Ok(());
    }
    let work = Work::Flows { at_once: load::AT_ONCE, most: TABLE_FLOWS };
    let mut run = Run::prepare(work, candidate.addr, &candidate.target, sources)?;
    run.go(Duration::MAX).context("fill the table of flows")?;
    Ok(())
}

fn measure(
    load: Load,
    candidate: &Candidate,
    sources: &mut Sources,
    setting: &Setting,
) -> Result<Figure> {
    let mut run = prepare(load, candidate, sources)?;
    let before = candidate.process.cpu()?;
    let descriptors = candidate.process.descriptors()?;
    let counts = run.go(setting.amount.lasts()).with_context(|| context(load, candidate))?;
    drop(run);
    if load == Load::NewFlows {
        wait_for_the_end(candidate, descriptors)?;
    }
    let spent = candidate.process.cpu()? - before;
    wait_for_the_end(candidate, SPARE_DESCRIPTORS)?;
    let units = units(load, &counts);
    let all = counts.relayed + counts.lost;
    Ok(Figure {
        load,
        who: candidate.who,
        cpu_us: spent * 1e6 / units,
        rate: units / counts.wall.as_secs_f64(),
        lost: counts.lost as f64 / (all.max(1)) as f64,
    })
}

fn count(
    load: Load,
    candidate: &Candidate,
    sources: &mut Sources,
    setting: &Setting,
) -> Result<Counted> {
    let mut run = prepare(load, candidate, sources)?;
    let calls = syscalls::count_while(&candidate.process, &setting.scratch, || {
        Ok(units(load, &run.go(COUNTED)?))
    });
    let calls = calls.with_context(|| context(load, candidate))?;
    drop(run);
    wait_for_the_end(candidate, SPARE_DESCRIPTORS)?;
    Ok(Counted { load, who: candidate.who, calls })
}

/// A load whose flows, unless it is about those, have begun.
fn prepare<'a>(load: Load, candidate: &'a Candidate, sources: &'a mut Sources) -> Result<Run<'a>> {
    let mut run = Run::prepare(load.work(), candidate.addr, &candidate.target, sources)?;
    if load != Load::NewFlows {
        run.go(WARM).with_context(|| context(load, candidate))?;
    }
    Ok(run)
}

fn context(load: Load, candidate: &Candidate) -> String {
    format!("{} through {}", load.name(), candidate.who.name())
}

/// What is counted: flows where they are what it is about, else datagrams that were relayed.
fn units(load: Load, counts: &Counts) -> f64 {
    let count = if load == Load::NewFlows { counts.flows } else { counts.relayed };
    count.max(1) as f64
}

/// Flows end on their own time: what that costs nginx belongs to the load that began them, and none
/// is in the way of the next one. Postern's end when others begin.
fn wait_for_the_end(candidate: &Candidate, descriptors: usize) -> Result<()> {
    let limit = Limit::starting(FORGET_MAX);
    while candidate.who == Who::Nginx
        && candidate.process.descriptors()? > descriptors
        && !limit.is_over()
    {
        thread::sleep(LOOK);
    }
    Ok(())
}
