//! What must come out: ratios of Postern to the others, and counts of its own.
//!
//! Processor time is gated as "extra": what the whole machine spent, less the idle machine's and
//! less the direct run's. A process's own time would flatter whoever pushes work to its peers.

use std::collections::BTreeMap;

use crate::{
    idle::Idle,
    peer::Peer,
    round::{Round, Rounds, Series, Spread},
    syscalls::{COUNTED, Calls},
};

/// All that was measured.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Processor time, rates and latencies.
    pub rounds: Rounds,
    /// Idle connections.
    pub idle: BTreeMap<Peer, Idle>,
    /// System calls, in the order of [`COUNTED`].
    pub calls: BTreeMap<Peer, Vec<Calls>>,
}

/// Whom Postern is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Against {
    /// Whichever of HAProxy's two ways of splicing does better at it.
    Haproxy,
    /// nginx.
    Nginx,
}

/// What a ratio is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Extra,
    Rate,
    Median,
}

/// A ratio of Postern's figure to another's that must be reached.
struct Ratio {
    measure: &'static str,
    kind: Kind,
    against: Against,
    must: f64,
    stretch: f64,
}

const fn ratio(
    measure: &'static str,
    kind: Kind,
    against: Against,
    must: f64,
    stretch: f64,
) -> Ratio {
    Ratio { measure, kind, against, must, stretch }
}

/// Where each number comes from: what a prototype of this design reached, less a margin.
const RATIOS: [Ratio; 15] = [
    ratio("up1", Kind::Extra, Against::Haproxy, 1.10, 0.90),
    ratio("down1", Kind::Extra, Against::Haproxy, 1.10, 0.90),
    ratio("up8", Kind::Extra, Against::Haproxy, 1.00, 0.80),
    ratio("down8", Kind::Extra, Against::Haproxy, 1.00, 0.80),
    ratio("up1", Kind::Extra, Against::Nginx, 0.85, 0.70),
    ratio("down1", Kind::Extra, Against::Nginx, 0.85, 0.70),
    ratio("up8", Kind::Extra, Against::Nginx, 0.85, 0.70),
    ratio("down8", Kind::Extra, Against::Nginx, 0.85, 0.70),
    ratio("rr1", Kind::Extra, Against::Haproxy, 0.80, 0.60),
    ratio("rr8", Kind::Extra, Against::Haproxy, 0.80, 0.60),
    ratio("rr64", Kind::Extra, Against::Haproxy, 0.80, 0.60),
    ratio("cps", Kind::Extra, Against::Haproxy, 0.85, 0.65),
    ratio("cps", Kind::Extra, Against::Nginx, 0.95, 0.75),
    ratio("rr1", Kind::Median, Against::Haproxy, 0.95, 0.65),
    ratio("cps", Kind::Rate, Against::Haproxy, 1.10, 1.40),
];

/// Most KiB of memory per idle connection, and the stretch.
const IDLE_KIB: (f64, f64) = (1.0, 0.25);
/// Descriptors per idle connection: the client's and the target's.
const IDLE_DESCRIPTORS: f64 = 2.0;
/// One in a thousand may be on its way.
const DESCRIPTORS_OFF: f64 = 0.002;
/// Most calls per unit and the stretch, in the order of [`COUNTED`].
const CALLS: [(f64, f64); 4] = [(18.0, 15.0), (4.2, 4.1), (40.0, 34.0), (40.0, 34.0)];

/// One gate and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What is compared.
    pub what: String,
    /// With whom.
    pub against: &'static str,
    /// What must be reached, as shown.
    pub must: String,
    /// What would be better still, as shown.
    pub stretch: String,
    /// What was; none if it was not measured.
    pub measured: Option<Spread>,
    /// Whether it was reached.
    pub verdict: Verdict,
}

/// Whether a gate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Better than it must be.
    Stretch,
    /// As it must be.
    Pass,
    /// Not as it must be.
    Fail,
    /// Not measured in this run.
    Absent,
}

impl Verdict {
    /// As one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stretch => "pass, stretch",
            Self::Pass => "pass",
            Self::Fail => "**fail**",
            Self::Absent => "not measured",
        }
    }

    fn at_most(value: Option<f64>, must: f64, stretch: f64) -> Self {
        match value {
            None => Self::Absent,
            Some(value) if value <= stretch => Self::Stretch,
            Some(value) if value <= must => Self::Pass,
            Some(_) => Self::Fail,
        }
    }

    fn at_least(value: Option<f64>, must: f64, stretch: f64) -> Self {
        Self::at_most(value.map(|value| -value), -must, -stretch)
    }
}

/// Every gate, in the order of tables.
pub fn rows(figures: &Figures) -> Vec<Row> {
    let ratios = RATIOS.iter().map(|ratio| ratio.row(&figures.rounds));
    ratios.chain(idle_rows(figures)).chain(call_rows(figures)).collect()
}

impl Ratio {
    fn row(&self, rounds: &Rounds) -> Row {
        let series = rounds.series.iter().find(|series| series.measure.name == self.measure);
        let found = series.and_then(|series| self.find(series, rounds));
        let (against, measured) = match found {
            Some((peer, spread)) => (peer.name(), Some(spread)),
            None if self.against == Against::Nginx => (Peer::Nginx.name(), None),
            None => ("haproxy", None),
        };
        let title = series.map_or(self.measure, |series| series.measure.title);
        let median = measured.map(|spread| spread.median);
        let (what, sign, verdict) = match self.kind {
            Kind::Extra => ("extra CPU", '≤', Verdict::at_most(median, self.must, self.stretch)),
            Kind::Median => {
                ("p50 of a request", '≤', Verdict::at_most(median, self.must, self.stretch))
            }
            Kind::Rate => {
                ("connections/s", '≥', Verdict::at_least(median, self.must, self.stretch))
            }
        };
        Row {
            what: format!("{what}: {title}"),
            against,
            must: format!("{sign} {:.2}", self.must),
            stretch: format!("{sign} {:.2}", self.stretch),
            measured,
            verdict,
        }
    }

    /// The ratio to the rival, and who that is: the one to which it looks worst.
    fn find(&self, series: &Series, rounds: &Rounds) -> Option<(Peer, Spread)> {
        let rivals: &[Peer] = match self.against {
            Against::Haproxy => &[Peer::HaproxySplice, Peer::HaproxyAuto],
            Against::Nginx => &[Peer::Nginx],
        };
        let spread = |rival: &Peer| Some((*rival, self.kind.spread(series, rounds, *rival)?));
        let by_median = |a: &(Peer, Spread), b: &(Peer, Spread)| a.1.median.total_cmp(&b.1.median);
        let ratios = rivals.iter().filter_map(spread);
        match self.kind {
            Kind::Extra | Kind::Median => ratios.max_by(by_median),
            Kind::Rate => ratios.min_by(by_median),
        }
    }
}

impl Kind {
    fn spread(self, series: &Series, rounds: &Rounds, rival: Peer) -> Option<Spread> {
        let ratio = |round: &Round| {
            let of = |peer| self.figure(rounds, round, peer);
            Some(of(Peer::Postern)? / of(rival)?)
        };
        Spread::of(series.rounds.iter().filter_map(ratio).filter(|r| r.is_finite()).collect())
    }

    fn figure(self, rounds: &Rounds, round: &Round, peer: Peer) -> Option<f64> {
        match self {
            Self::Extra => rounds.extra(round, peer),
            Self::Rate => Some(round.get(&peer)?.outcome.rate()),
            Self::Median => Some(round.get(&peer)?.outcome.latency?.p50.as_secs_f64()),
        }
    }
}

fn idle_rows(figures: &Figures) -> [Row; 2] {
    let idle = figures.idle.get(&Peer::Postern);
    let kib = idle.map(|idle| idle.kib);
    let descriptors = idle.map(|idle| idle.descriptors);
    let off = descriptors.map(|count| (count - IDLE_DESCRIPTORS).abs());
    [
        Row {
            what: "KiB of user memory per idle connection".into(),
            against: "",
            must: format!("≤ {}", IDLE_KIB.0),
            stretch: format!("≤ {}", IDLE_KIB.1),
            measured: kib.map(Spread::exact),
            verdict: Verdict::at_most(kib, IDLE_KIB.0, IDLE_KIB.1),
        },
        Row {
            what: "file descriptors per idle connection".into(),
            against: "",
            must: format!("{IDLE_DESCRIPTORS}"),
            stretch: format!("{IDLE_DESCRIPTORS}"),
            measured: descriptors.map(Spread::exact),
            verdict: Verdict::at_most(off, DESCRIPTORS_OFF, DESCRIPTORS_OFF),
        },
    ]
}

fn call_rows(figures: &Figures) -> Vec<Row> {
    let calls = figures.calls.get(&Peer::Postern);
    let row = |(n, (must, stretch)): (usize, &(f64, f64))| {
        let total = calls.and_then(|calls| calls.get(n)).map(|calls| calls.total);
        Row {
            what: format!("system calls per {}", COUNTED[n].name),
            against: "",
            must: format!("≤ {must}"),
            stretch: format!("≤ {stretch}"),
            measured: total.map(Spread::exact),
            verdict: Verdict::at_most(total, *must, *stretch),
        }
    };
    CALLS.iter().enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        client::Outcome,
        measure::{self, Amount},
        round::Sample,
    };

    fn sample(busy: f64) -> Sample {
        let outcome = Outcome { wall: Duration::from_secs(1), units: 1, latency: None };
        Sample { wall: 1.0, busy, own: 0.0, load: 0.0, steal: 0.0, outcome }
    }

    #[test]
    fn extra_is_gated_against_the_better_haproxy() {
        let round: Round = [
            (Peer::Direct, sample(1.05)),
            (Peer::Postern, sample(1.45)),
            (Peer::HaproxySplice, sample(2.05)),
            (Peer::HaproxyAuto, sample(1.55)),
        ]
        .into();
        let measure = measure::all(Amount::Quick).into_iter().find(|m| m.name == "up1").unwrap();
        let series = vec![Series { measure, rounds: vec![round], repeats: 0 }];
        let rounds = Rounds { series, baseline: 0.05 };
        let figures = Figures { rounds, idle: BTreeMap::new(), calls: BTreeMap::new() };
        let rows = rows(&figures);
        assert_eq!(rows[0].against, "haproxy auto");
        assert!((rows[0].measured.unwrap().median - 0.8).abs() < 1e-9);
        assert_eq!(rows[0].verdict, Verdict::Stretch);
        assert_eq!(rows[1].verdict, Verdict::Absent);
    }

    #[test]
    fn verdicts_look_in_the_gate_s_direction() {
        assert_eq!(Verdict::at_most(Some(1.2), 1.1, 0.9), Verdict::Fail);
        assert_eq!(Verdict::at_most(Some(1.0), 1.1, 0.9), Verdict::Pass);
        assert_eq!(Verdict::at_least(Some(1.0), 1.1, 1.4), Verdict::Fail);
        assert_eq!(Verdict::at_least(Some(1.5), 1.1, 1.4), Verdict::Stretch);
    }
}
