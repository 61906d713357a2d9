//! How many system calls a peer makes per unit of work, counted by `strace` in a run of its own:
//! the one figure that noise hardly reaches.

use std::{fs, path::Path, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::{
    client::{self, Close, Way, Work},
    clock::Limit,
    peer::Candidate,
    process::Process,
    source::Sources,
};

/// The program that counts.
pub const PROGRAM: &str = "/usr/bin/strace";
/// How long it may take to take hold of a process, or to let go.
const ATTACH_MAX: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(10);
/// After the work, for what the peer still does about it.
const SETTLE: Duration = Duration::from_millis(100);

/// Work of which the calls are counted.
#[derive(Clone, Copy, Debug)]
pub struct Counted {
    /// Its name in tables.
    pub name: &'static str,
    /// The work.
    pub work: Work,
    /// How many units of it there are.
    pub units: f64,
}

/// The place of short connections in [`COUNTED`].
const CONNECTION: usize = 0;
/// The place of requests.
const REQUEST: usize = 1;
/// Over how many connections they go.
const REQUEST_CONNECTIONS: usize = 64;

/// All work of which calls are counted: so much that a run's first and last calls don't show.
pub const COUNTED: [Counted; 4] = [
    Counted {
        name: "connection",
        work: Work::Churn { connections: 1200, at_once: 32, close: Close::Reset },
        units: 1200.0,
    },
    Counted {
        name: "request",
        work: Work::Requests { connections: REQUEST_CONNECTIONS, requests: 25_600 },
        units: 25_600.0,
    },
    Counted {
        name: "MB up",
        work: Work::Bulk { flows: 1, bytes: 200_000_000, way: Way::Up },
        units: 200.0,
    },
    Counted {
        name: "MB down",
        work: Work::Bulk { flows: 1, bytes: 200_000_000, way: Way::Down },
        units: 200.0,
    },
];

/// Calls by name, most frequent first, per unit of work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls {
    /// All of them.
    pub total: f64,
    /// By name.
    pub by_name: Vec<(String, f64)>,
}

/// Counts the calls of all of [`COUNTED`]. Those that open the connections of keepalive requests
/// are not the requests' own: they are taken off.
pub fn count_all(
    candidate: &Candidate,
    process: &Process,
    sources: &mut Sources,
    scratch: &Path,
) -> Result<Vec<Calls>> {
    let mut all = Vec::with_capacity(COUNTED.len());
    for counted in &COUNTED {
        all.push(count(counted, candidate, process, sources, scratch)?);
    }
    let per_connection = all[CONNECTION].total;
    all[REQUEST].total -= per_connection * REQUEST_CONNECTIONS as f64 / COUNTED[REQUEST].units;
    Ok(all)
}

/// Does the work while the calls of the peer's process are counted.
fn count(
    counted: &Counted,
    candidate: &Candidate,
    process: &Process,
    sources: &mut Sources,
    scratch: &Path,
) -> Result<Calls> {
    count_while(process, scratch, || {
        client::run(counted.work, candidate.addr, sources).context("do the counted work")?;
        Ok(counted.units)
    })
}

/// Counts the calls of a process while work is done, which tells how many units of it there were.
pub fn count_while(
    process: &Process,
    scratch: &Path,
    work: impl FnOnce() -> Result<f64>,
) -> Result<Calls> {
    let file = scratch.join("strace");
    let arguments = ["-c", "-f", "-q", "-o", &file.display().to_string(), "-p"];
    let mut arguments = arguments.map(str::to_owned).to_vec();
    arguments.push(process.id().to_string());
    let log = scratch.join("strace.log");
    let mut strace = Process::start(Path::new(PROGRAM), &arguments, &log, None)?;
    wait_until_traced(process, &mut strace)?;
    let units = work()?;
    thread::sleep(SETTLE);
    strace.signal(Signal::INT)?;
    ensure!(strace.ended_within(ATTACH_MAX)?, "strace doesn't let go");
    let text = fs::read_to_string(&file).context("read what strace counted")?;
    Ok(parse(&text, units))
}

fn wait_until_traced(process: &Process, strace: &mut Process) -> Result<()> {
    let limit = Limit::starting(ATTACH_MAX);
    while !process.is_traced()? {
        strace.must_be_running().context("attach strace")?;
        ensure!(!limit.is_over(), "strace takes no hold");
        thread::sleep(LOOK);
    }
    Ok(())
}

/// Reads the table of `strace -c`: share, seconds, microseconds per call, calls, errors if any,
/// name.
fn parse(table: &str, units: f64) -> Calls {
    let mut calls = Calls::default();
    for line in table.lines() {
        let fields: Vec<_> = line.split_whitespace().collect();
        let (Some(Ok(count)), Some(name)) =
            (fields.get(3).map(|f| f.parse::<u32>()), fields.last())
        else {
            continue;
        };
        let per_unit = f64::from(count) / units;
        if *name == "total" {
            calls.total = per_unit;
        } else {
            calls.by_name.push(((*name).to_owned(), per_unit));
        }
    }
    calls.by_name.sort_by(|a, b| b.1.total_cmp(&a.1));
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_strace_are_read_with_and_without_errors() {
        let table = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600           1       100           read
 40.00    0.000400           2       200        20 accept4
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000           1       300        20 total
";
        let calls = parse(table, 100.0);
        assert!((calls.total - 3.0).abs() < 1e-9);
        assert_eq!(calls.by_name, [("accept4".to_owned(), 2.0), ("read".to_owned(), 1.0)]);
    }
}
