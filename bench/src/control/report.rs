//! How the figures of the control plane are shown: one table, and where the time went.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use super::pace::Outcome;

/// The line before the tables in `README.md`.
pub const BEGIN: &str = "<!-- figures: written by `control --write`, do not edit -->";
/// The line after them.
pub const END: &str = "<!-- end of the control plane's figures -->";

/// One phase of a run.
#[derive(Clone, Debug)]
pub struct Phase {
    /// What was done.
    pub what: String,
    /// Calls a second that were due.
    pub due: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// The server's processor seconds meanwhile.
    pub cpu: f64,
    /// The same by thread, as far as threads have not ended.
    pub threads: BTreeMap<String, f64>,
    /// How long it lasted.
    pub wall: Duration,
}

/// Threads that used less than this share of a processor are not shown.
const SHOWN_MIN: f64 = 0.005;

/// The phases as a table.
pub fn table(phases: &[Phase]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = rows(&mut text, phases);
    text
}

fn rows(text: &mut String, phases: &[Phase]) -> std::fmt::Result {
    writeln!(text, "| phase | due/s | done/s | p50 ms | p99 ms | max ms | CPU s per s | of it |")?;
    writeln!(text, "|---|---|---|---|---|---|---|---|")?;
    for Phase { what, due, outcome, cpu, threads, wall } in phases {
        let wall = wall.as_secs_f64();
        let quantile = |percent| millis(outcome.quantile(percent));
        let shares = threads.iter().map(|(name, seconds)| (name, seconds / wall));
        let shares = shares.filter(|(_, share)| *share >= SHOWN_MIN);
        let shares: Vec<String> =
            shares.map(|(name, share)| format!("{name} {share:.2}")).collect();
        writeln!(
            text,
            "| {what} | {due} | {:.0} | {:.1} | {:.1} | {:.1} | {:.2} | {} |",
            outcome.rate(),
            quantile(50),
            quantile(99),
            quantile(100),
            cpu / wall,
            shares.join(", ")
        )?;
    }
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
