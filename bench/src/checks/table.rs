//! The figures as tables, and whether they are what they must be.

use std::fmt::Write as _;

use super::{Figure, Question, candidate::Who};
use crate::round::Spread;

/// Where the tables start in the file that they are kept in.
pub const BEGIN: &str =
    "<!-- health check figures: written by `make bench-checks`, do not edit -->";
/// Where they end.
pub const END: &str = "<!-- end of health check figures -->";

/// The most of a processor that 1,000 targets may take.
const MUST: f64 = 0.02;

/// All tables of these figures.
pub fn markdown(figures: &[Figure]) -> String {
    let mut text = String::from(
        "| checks | must | postern, % of a processor (min..max) | | haproxy | postern / haproxy | \
         µs per check | busiest 0.1 s |\n|---|---|---|---|---|---|---|---|\n",
    );
    for question in Question::ALL {
        let [ours, theirs] = Who::ALL.map(|who| {
            figures.iter().filter(|it| (it.question, it.who) == (question, who)).collect::<Vec<_>>()
        });
        let spread = |of: &[&Figure], figure: fn(&Figure) -> f64| {
            Spread::of(of.iter().map(|it| figure(it)).collect())
        };
        let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours.share / theirs.share);
        let (Some(own), Some(each), Some(other), Some(ratio)) = (
            spread(&ours, |it| it.share * 100.0),
            spread(&ours, |it| it.share * 1e6 / it.rate),
            spread(&theirs, |it| it.share * 100.0),
            Spread::of(ratios.collect()),
        ) else {
            continue;
        };
        let verdict = if own.median <= MUST * 100.0 { "pass" } else { "**fail**" };
        let busiest = |of: &[&Figure]| of.iter().map(|it| it.busiest).max().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | ≤ {:.2} | {:.2} ({:.2}..{:.2}) | {verdict} | {:.2} | {:.2} ({:.2}..{:.2}) | \
             {:.0} | {} and {} |",
            question.name(),
            MUST * 100.0,
            own.median,
            own.min,
            own.max,
            other.median,
            ratio.median,
            ratio.min,
            ratio.max,
            each.median,
            busiest(&ours),
            busiest(&theirs),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_round_is_judged_and_ratios_are_taken_within_rounds() {
        let figure =
            |who, share| Figure { question: Question::Http, who, share, rate: 200.0, busiest: 20 };
        let rounds = [(0.01, 0.02), (0.018, 0.012), (0.03, 0.03)];
        let figures: Vec<_> = rounds
            .into_iter()
            .flat_map(|(ours, theirs)| [figure(Who::Postern, ours), figure(Who::Haproxy, theirs)])
            .collect();
        let text = markdown(&figures);
        let row = "| HTTP | ≤ 2.00 | 1.80 (1.00..3.00) | pass | 2.00 | 1.00 (0.50..1.50) | 90 |";
        assert!(text.contains(row), "{text}");
        assert!(!text.contains("| TCP |"), "{text}");
        let failed = markdown(&[figures[4], figures[5]]);
        assert!(failed.contains("| 3.00 (3.00..3.00) | **fail** |"), "{failed}");
    }
}
