//! The figures as tables, and whether they are what they must be.

use std::fmt::Write as _;

use super::{Counted, Figure, candidate::Who, load::Load};
use crate::round::Spread;

/// Where the tables start in the file that they are kept in.
pub const BEGIN: &str = "<!-- UDP figures: written by `make bench-udp`, do not edit -->";
/// Where they end.
pub const END: &str = "<!-- end of UDP figures -->";

/// The most that Postern may spend of what nginx does. No document sets it: it is our own.
const MUST: f64 = 1.0;

/// All tables of these figures.
pub fn markdown(figures: &[Figure], counted: &[Counted]) -> String {
    let mut text = String::new();
    let loads = || Load::ALL.into_iter().filter(|load| figures.iter().any(|it| it.load == *load));
    text.push_str(
        "| load | CPU per | must | postern / nginx (min..max) | |\n|---|---|---|---|---|\n",
    );
    for load in loads() {
        let [ours, theirs] = Who::ALL.map(|who| of(figures, load, who));
        let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours.cpu_us / theirs.cpu_us);
        let Some(Spread { median, min, max }) = Spread::of(ratios.collect()) else { continue };
        let verdict = if median <= MUST { "pass" } else { "**fail**" };
        let (name, unit) = (load.name(), load.unit());
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {name} | {unit} | ≤ {MUST:.2} | {median:.2} ({min:.2}..{max:.2}) | {verdict} |"
        );
    }
    text.push_str(
        "\n| load | candidate | unit | per CPU second | CPU µs per unit (min..max) | \
         system calls per unit | units/s | lost % |\n|---|---|---|---|---|---|---|---|\n",
    );
    for load in loads() {
        for who in Who::ALL {
            let figures = of(figures, load, who);
            let all =
                |pick: fn(&Figure) -> f64| Spread::of(figures.iter().map(|it| pick(it)).collect());
            let (Some(cpu), Some(rate), Some(lost)) =
                (all(|it| it.cpu_us), all(|it| it.rate), all(|it| it.lost))
            else {
                continue;
            };
            let calls = counted.iter().find(|it| (it.load, it.who) == (load, who));
            let calls = calls.map_or(String::new(), |it| format!("{:.2}", it.calls.total));
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.0} | {:.2} ({:.2}..{:.2}) | {calls} | {:.0} | {:.2} |",
                load.name(),
                who.name(),
                load.unit(),
                1e6 / cpu.median,
                cpu.median,
                cpu.min,
                cpu.max,
                rate.median,
                lost.median * 100.0,
            );
        }
    }
    text
}

fn of(figures: &[Figure], load: Load, who: Who) -> Vec<&Figure> {
    figures.iter().filter(|it| (it.load, it.who) == (load, who)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_taken_within_rounds_and_judged_by_its_median() {
        let figure = |who, cpu_us| Figure { load: Load::Flood, who, cpu_us, rate: 1.0, lost: 0.0 };
        let pairs = [(1.0, 2.0), (3.0, 2.0), (6.0, 5.0)];
        let figures: Vec<_> = pairs
            .into_iter()
            .flat_map(|(ours, theirs)| [figure(Who::Postern, ours), figure(Who::Nginx, theirs)])
            .collect();
        let text = markdown(&figures, &[]);
        assert!(text.contains("| ≤ 1.00 | 1.20 (0.50..1.50) | **fail** |"), "{text}");
        assert!(markdown(&figures[..2], &[]).contains("| 0.50 (0.50..0.50) | pass |"), "{text}");
        assert!(!text.contains(Load::Large.name()));
    }
}
