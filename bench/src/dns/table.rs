//! The figures as tables, and whether they are what they must be.

use std::fmt::Write as _;

use super::{Figure, Load, server::Server};

/// Where the tables start in the file that they are kept in.
pub const BEGIN: &str = "<!-- DNS figures: written by `make bench-dns`, do not edit -->";
/// Where they end.
pub const END: &str = "<!-- end of DNS figures -->";

/// What must come out: the load, who, beside whom, what of it, and how it must compare.
const GATES: [(Load, Server, Server, Measure, Must); 10] = {
    use Load::{Negative, Positive, Steady, Tcp};
    use Measure::{Cpu, P50, P99, Rate};
    use Must::{AtLeast, AtMost};
    use Server::{Nsd, Postern, PosternViews};
    [
        (Positive, Postern, Nsd, Cpu, AtMost(0.85)),
        (Negative, Postern, Nsd, Cpu, AtMost(0.85)),
        (Positive, PosternViews, Postern, Cpu, AtMost(1.15)),
        (Negative, PosternViews, Postern, Cpu, AtMost(1.15)),
        (Tcp, Postern, Nsd, Cpu, AtMost(1.0)),
        (Positive, Postern, Nsd, Rate, AtLeast(1.1)),
        (Negative, Postern, Nsd, Rate, AtLeast(1.1)),
        (Steady, Postern, Nsd, Cpu, AtMost(1.0)),
        (Steady, Postern, Nsd, P50, AtMost(1.0)),
        (Steady, Postern, Nsd, P99, AtMost(1.5)),
    ]
};

/// What of a run is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    /// Processor time per answer.
    Cpu,
    /// Answers per second.
    Rate,
    /// The time that half of the answers took at most; the best round of each, as disturbances only
    /// add.
    P50,
    /// The time that 99 % took at most; the same.
    P99,
}

/// How it must compare.
#[derive(Clone, Copy, Debug)]
enum Must {
    AtMost(f64),
    AtLeast(f64),
}

/// All tables of these figures.
pub fn markdown(figures: &[Figure]) -> String {
    let mut text = String::new();
    let mut sizes: Vec<_> = figures.iter().map(|figure| figure.names).collect();
    sizes.dedup();
    text.push_str("| names | load | must | measured (min..max) | |\n|---|---|---|---|---|\n");
    for names in &sizes {
        for (load, who, beside, measure, must) in GATES {
            let pair = [of(figures, *names, load, who), of(figures, *names, load, beside)];
            let (low, middle, high) = spread(ratios(measure, &pair));
            let is_of_best = matches!(measure, Measure::P50 | Measure::P99);
            let judged = if is_of_best { best(measure, &pair) } else { middle };
            let (must, holds) = match must {
                Must::AtMost(most) => (format!("≤ {most:.2}"), judged <= most),
                Must::AtLeast(least) => (format!("≥ {least:.2}"), judged >= least),
            };
            let verdict = if holds { "pass" } else { "**fail**" };
            let (who, beside, load) = (who.name(), beside.name(), load.name());
            let measure = measure.name();
            let _ = writeln!(
                text,
                "| {names} | {load}, {measure}: {who} / {beside} | {must} | \
                 {judged:.2} ({low:.2}..{high:.2}) | {verdict} |"
            );
        }
    }
    text.push_str(
        "\n| names | load | server | µs of CPU per answer (min..max) | answers/s | bytes | \
         p50 µs (best) | p99 µs (best) |\n|---|---|---|---|---|---|---|---|\n",
    );
    for names in sizes {
        for load in Load::ALL {
            for server in Server::ALL {
                let of = of(figures, names, load, server);
                let (low, middle, high) = spread(of.iter().map(|figure| figure.cpu_us).collect());
                let (_, rate, _) = spread(of.iter().map(|figure| figure.rate).collect());
                let (_, len, _) = spread(of.iter().map(|figure| figure.reply_len).collect());
                let times: Vec<[f64; 2]> = of.iter().filter_map(|figure| figure.took_us).collect();
                let took = if times.is_empty() {
                    "| |".to_owned()
                } else {
                    let [p50, p99] =
                        [0, 1].map(|at| spread(times.iter().map(|took| took[at]).collect()));
                    format!("{:.0} | {:.0} |", p50.0, p99.0)
                };
                let (load, server) = (load.name(), server.name());
                let _ = writeln!(
                    text,
                    "| {names} | {load} | {server} | {middle:.2} ({low:.2}..{high:.2}) | \
                     {rate:.0} | {len:.0} | {took}"
                );
            }
        }
    }
    text
}

fn of(figures: &[Figure], names: usize, load: Load, server: Server) -> Vec<&Figure> {
    let is_it =
        |figure: &&Figure| figure.names == names && figure.load == load && figure.server == server;
    figures.iter().filter(is_it).collect()
}

impl Measure {
    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU per answer",
            Self::Rate => "answers/s",
            Self::P50 => "p50, best rounds",
            Self::P99 => "p99, best rounds",
        }
    }

    fn of(self, figure: &Figure) -> f64 {
        let [p50, p99] = figure.took_us.unwrap_or([f64::NAN; 2]);
        match self {
            Self::Cpu => figure.cpu_us,
            Self::Rate => figure.rate,
            Self::P50 => p50,
            Self::P99 => p99,
        }
    }
}

/// The ratio in each round.
fn ratios(measure: Measure, [ours, theirs]: &[Vec<&Figure>; 2]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| measure.of(ours) / measure.of(theirs)).collect()
}

/// The ratio of the best rounds.
fn best(measure: Measure, pair: &[Vec<&Figure>; 2]) -> f64 {
    let [ours, theirs] =
        [0, 1].map(|at| spread(pair[at].iter().map(|figure| measure.of(figure)).collect()).0);
    ours / theirs
}

/// The least, the median and the greatest.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => (f64::NAN, f64::NAN, f64::NAN),
        [low, .., high] => (*low, values[values.len() / 2], *high),
        [one] => (*one, *one, *one),
    }
}
