//! Rounds: every candidate does every work once, so that what disturbs the machine disturbs all of
//! them; the order is reversed each second round. Disturbed rounds are repeated, within bounds.

use std::{collections::BTreeMap, io, thread, time::Duration};

use anyhow::{Context, Result};

use crate::{
    client::{self, Outcome},
    clock::Limit,
    machine::Reading,
    measure::Measure,
    peer::{Candidate, Peer},
    process,
    source::Sources,
};

/// A round with more steal than this is repeated.
pub const STEAL_MAX: f64 = 0.12;
/// A round whose direct run is further off the median than this is repeated.
pub const DIRECT_OFF_MAX: f64 = 0.25;
/// After a run, for what the proxy still does about it.
const SETTLE: Duration = Duration::from_millis(30);
/// How long the machine is watched while nothing is asked of it.
const BASELINE: Duration = Duration::from_millis(1000);

/// One run of one candidate.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Seconds from one reading to the other.
    pub wall: f64,
    /// Processor seconds of the whole machine.
    pub busy: f64,
    /// Processor seconds of the candidate's process.
    pub own: f64,
    /// Processor seconds of the load tool and its back end.
    pub load: f64,
    /// The share of processor time that the hypervisor took.
    pub steal: f64,
    /// What the load tool saw.
    pub outcome: Outcome,
}

/// One run of each candidate.
pub type Round = BTreeMap<Peer, Sample>;

/// All rounds of one measure.
#[derive(Clone, Debug)]
pub struct Series {
    /// What was measured.
    pub measure: Measure,
    /// One after the other; repeated ones replaced.
    pub rounds: Vec<Round>,
    /// How many were repeated.
    pub repeats: usize,
}

/// All series, and the share of a processor that the machine uses with nothing to do.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// One per measure.
    pub series: Vec<Series>,
    /// Processor seconds per second.
    pub baseline: f64,
}

/// What runs need.
#[derive(Debug)]
pub struct Track<'a> {
    /// Who runs.
    pub candidates: &'a [Candidate],
    /// How many processors the machine has.
    pub processors: usize,
    /// Where clients come from.
    pub sources: &'a mut Sources,
    /// When no further round may be started.
    pub limit: Limit,
}

impl Track<'_> {
    /// Runs this many rounds of all measures, and repeats as many at most.
    pub fn run(
        &mut self,
        measures: &[Measure],
        rounds: usize,
        mut said: impl FnMut(&str),
    ) -> Result<Rounds> {
        let start = |measure: &Measure| Series { measure: *measure, rounds: vec![], repeats: 0 };
        let mut series: Vec<_> = measures.iter().map(start).collect();
        let mut baselines = Vec::new();
        for n in 0..rounds {
            if n > 0 && self.limit.is_over() {
                said("out of time: fewer rounds");
                break;
            }
            said(&format!("round {} of {rounds}", n + 1));
            baselines.push(self.baseline()?);
            for one in &mut series {
                let round = self.round(&one.measure, n)?;
                one.rounds.push(round);
            }
        }
        for one in &mut series {
            self.repeat(one, rounds, &mut said)?;
        }
        let baseline = Spread::of(baselines).map_or(0.0, |spread| spread.median);
        Ok(Rounds { series, baseline })
    }

    fn round(&mut self, measure: &Measure, n: usize) -> Result<Round> {
        let mut order: Vec<_> = self.candidates.iter().collect();
        if n % 2 == 1 {
            order.reverse();
        }
        let run = |candidate: &Candidate| {
            let sample = self.sample(measure, candidate);
            let name = candidate.peer.name();
            sample
                .map(|sample| (candidate.peer, sample))
                .with_context(|| format!("run {} through {name}", measure.name))
        };
        order.into_iter().map(run).collect()
    }

    fn sample(&mut self, measure: &Measure, candidate: &Candidate) -> io::Result<Sample> {
        let own = || candidate.process.as_ref().map_or(Ok(0.0), |process| process.cpu());
        let (load_before, own_before) = (process::own_cpu()?, own()?);
        let before = Reading::take()?;
        let outcome = client::run(measure.work, candidate.addr, self.sources)?;
        thread::sleep(SETTLE);
        let usage = Reading::take()?.since(&before, self.processors);
        Ok(Sample {
            wall: usage.wall,
            busy: usage.busy,
            own: own()? - own_before,
            load: process::own_cpu()? - load_before,
            steal: usage.steal,
            outcome,
        })
    }

    fn baseline(&self) -> io::Result<f64> {
        let before = Reading::take()?;
        thread::sleep(BASELINE);
        let usage = Reading::take()?.since(&before, self.processors);
        Ok(usage.busy / usage.wall)
    }

    fn repeat(
        &mut self,
        series: &mut Series,
        repeats_max: usize,
        said: &mut impl FnMut(&str),
    ) -> Result<()> {
        while let Some(n) = series.disturbed() {
            if series.repeats == repeats_max || self.limit.is_over() {
                said(&format!("{}: still disturbed after repeats", series.measure.name));
                break;
            }
            series.repeats += 1;
            series.rounds[n] = self.round(&series.measure, n)?;
        }
        Ok(())
    }
}

/// Where a sample's processor time is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The whole machine, less what it uses with nothing to do.
    Machine,
    /// The candidate's and the load tool's processes. It misses what the kernel does on nobody's
    /// account, but other people's work is not in it.
    Processes,
}

/// A machine that uses more of one processor than this with nothing to do is somebody else's.
const BASELINE_MAX: f64 = 0.08;

impl Rounds {
    /// The whole machine where it is ours alone.
    pub fn basis(&self) -> Basis {
        if self.baseline <= BASELINE_MAX { Basis::Machine } else { Basis::Processes }
    }

    /// Processor seconds of a round beyond the direct run's.
    pub fn extra(&self, round: &Round, peer: Peer) -> Option<f64> {
        let spent = |sample: &Sample| match self.basis() {
            Basis::Machine => sample.busy - self.baseline * sample.wall,
            Basis::Processes => sample.own + sample.load,
        };
        Some(spent(round.get(&peer)?) - spent(round.get(&Peer::Direct)?))
    }
}

impl Series {
    /// The first round that can't be trusted.
    fn disturbed(&self) -> Option<usize> {
        let direct = |round: &Round| round.get(&Peer::Direct).map(|sample| sample.busy);
        let median = Spread::of(self.rounds.iter().filter_map(direct).collect())?.median;
        self.rounds.iter().position(|round| {
            let off =
                direct(round).is_some_and(|busy| (busy / median - 1.0).abs() > DIRECT_OFF_MAX);
            off || round.values().any(|sample| sample.steal > STEAL_MAX)
        })
    }

    /// The highest share of steal in any run.
    pub fn steal_max(&self) -> f64 {
        let samples = self.rounds.iter().flat_map(BTreeMap::values);
        samples.map(|sample| sample.steal).fold(0.0, f64::max)
    }
}

/// A median with its extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of values in any order; none of none.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0;
        Some(Self { median: middle, min, max })
    }

    /// A value without a spread.
    pub fn exact(value: f64) -> Self {
        Self { median: value, min: value, max: value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{self, Amount};

    fn round(direct: f64, steal: f64) -> Round {
        let outcome = Outcome { wall: Duration::from_secs(1), units: 1, latency: None };
        let sample = Sample { wall: 1.0, busy: direct, own: 0.0, load: 0.0, steal, outcome };
        [(Peer::Direct, sample)].into()
    }

    #[test]
    fn medians_of_even_and_odd_counts() {
        assert_eq!(Spread::of(vec![]), None);
        assert_eq!(Spread::of(vec![3.0, 1.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(Spread::of(vec![9.0, 1.0, 2.0]).unwrap().median, 2.0);
    }

    #[test]
    fn rounds_with_steal_or_an_odd_direct_run_are_disturbed() {
        let cases = [
            (vec![round(1.0, 0.0), round(1.1, 0.0), round(0.9, 0.0)], None),
            (vec![round(1.0, 0.0), round(1.0, 0.2), round(1.0, 0.0)], Some(1)),
            (vec![round(1.0, 0.0), round(1.0, 0.0), round(1.3, 0.0)], Some(2)),
        ];
        for (rounds, expected) in cases {
            let measure = measure::all(Amount::Quick)[0];
            let series = Series { measure, rounds, repeats: 0 };
            assert_eq!(series.disturbed(), expected);
        }
    }
}
