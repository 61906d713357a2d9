//! `control`: the control plane with ten thousand endpoints, described and changed at a steady
//! pace. Prints its table; `--write` puts it into `bench/README.md`.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context, Result};
use bench::{
    clock,
    control::{
        gateway::{ENDPOINTS_PER_VPC, Gateway, Network},
        pace::{self, Counts, Outcome, Pace},
        report::{self, Phase},
        work::{Changes, Describe, Until, describer},
    },
    machine, report as file,
};
use clap::Parser;

#[derive(Parser, Debug)]
#[command(about = "Measures the control plane with many endpoints")]
struct Arguments {
    /// Endpoints there are before anything is measured
    #[arg(long, default_value_t = 10_000)]
    endpoints: usize,
    /// Descriptions a second
    #[arg(long, default_value_t = 500)]
    describes: u32,
    /// Changes a second
    #[arg(long, default_value_t = 100)]
    changes: u32,
    /// Seconds of each phase
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Only phases whose name has this in it
    #[arg(long)]
    only: Option<String>,
    /// Let the kernel place the server instead of giving it processor 0 and the load the others
    #[arg(long)]
    free: bool,
    /// Say the server's process id and wait for Enter when it is filled, to attach a profiler
    #[arg(long)]
    pause: bool,
    /// Put the table into bench/README.md
    #[arg(long)]
    write: bool,
    /// Postern's binary
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/postern"))]
    postern: PathBuf,
}

/// Callers that describe, and callers that change: what it takes if each waits for 100 ms.
const DESCRIBERS: usize = 32;
const CHANGERS: usize = 48;
/// Networks for changes. More endpoints are made in them than are there at one time, as half of the
/// changes delete them again; when they fail to, the bench ends with an error.
const CHANGED_NETWORKS: usize = 40;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = scratch()?;
    let measured = measure(&arguments, &folder);
    // The next run makes it anew.
    let _ = fs::remove_dir_all(&folder);
    let (filled, phases) = measured?;
    let load = machine::load_average()?;
    let placement = if arguments.free { "" } else { "; the server on processor 0 alone" };
    let text = format!(
        "\n{}, {} endpoints, on {}{placement}; load average after the run {load:.2}.\n{filled}\n\n\
         {}",
        clock::today(),
        arguments.endpoints,
        machine::describe()?,
        report::table(&phases)
    );
    say(&text);
    if arguments.write {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        file::put_between(&readme, (report::BEGIN, report::END), &text)
            .context("write the table")?;
    }
    Ok(())
}

fn say(line: &str) {
    // Nothing is lost but words if nobody reads them.
    let _ = writeln!(io::stdout().lock(), "{line}");
}

fn scratch() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-scratch/control");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?)
}

/// What filling took, and the phases.
fn measure(arguments: &Arguments, folder: &Path) -> Result<(String, Vec<Phase>)> {
    let cpu = (!arguments.free).then_some(0);
    let gateway = Gateway::start(&arguments.postern, folder, cpu)?;
    if !arguments.free && machine::processors()? > 1 {
        machine::pin_this_thread(1)?;
    }
    let networks = gateway.networks(0, arguments.endpoints.div_ceil(ENDPOINTS_PER_VPC))?;
    let started = clock::now();
    let ids = gateway.fill(&networks, arguments.endpoints)?;
    let filled = format!(
        "Filled in {:.1} s; store {:.1} MiB, memory {:.0} MiB, {} descriptors.",
        started.elapsed().as_secs_f64(),
        gateway.store_bytes()? as f64 / f64::from(1 << 20),
        gateway.process.pss_kib()? / 1024.0,
        gateway.process.descriptors()?
    );
    say(&filled);
    if arguments.pause {
        say(&format!("postern is process {}; go on with Enter", gateway.process.id()));
        io::stdin().read_line(&mut String::new())?;
    }
    let changed = gateway.networks(networks.len(), CHANGED_NETWORKS)?;
    let bench = Bench { arguments, gateway: &gateway, ids, networks, changed };
    Ok((filled, bench.phases()?))
}

struct Bench<'a> {
    arguments: &'a Arguments,
    gateway: &'a Gateway,
    ids: Vec<String>,
    networks: Vec<Network>,
    changed: Vec<Network>,
}

impl Bench<'_> {
    fn phases(&self) -> Result<Vec<Phase>> {
        let Arguments { describes, changes, .. } = *self.arguments;
        let mut phases = Vec::new();
        let is_asked = |what: &str| self.arguments.only.as_ref().is_none_or(|it| what.contains(it));
        if is_asked("idle") {
            phases.push(self.phase("idle", 0, || self.run(1, 1, |_| Ok(Counts::No)))?);
        }
        for way in Describe::ALL {
            let what = format!("describe {}", way.name());
            if is_asked(&what) {
                phases.push(self.phase(&what, describes, || self.describe(way))?);
            }
        }
        let room = Changes::new(self.gateway, &self.changed, ENDPOINTS_PER_VPC);
        if is_asked("change") {
            phases.push(
                self.phase("change: create to available", changes / 2, || self.change(&room))?,
            );
        }
        if is_asked("change") {
            phases.push(self.phase("change: create to its name in DNS", changes / 2, || {
                pace::run(self.pace(changes, CHANGERS), || room.changer(Until::Named))
            })?);
        }
        if is_asked("both") {
            let described = Mutex::new(Ok(Outcome::default()));
            let both = self.phase("both: create to available", changes / 2, || {
                std::thread::scope(|scope| {
                    let describing = scope.spawn(|| self.describe(Describe::Mix));
                    let outcome = self.change(&room);
                    if let (Ok(mut it), Ok(ended)) = (described.lock(), describing.join()) {
                        *it = ended;
                    }
                    outcome
                })
            })?;
            let described = described.into_inner().unwrap_or_else(|it| it.into_inner())?;
            let (wall, cpu, threads) = (both.wall, both.cpu, BTreeMap::new());
            phases.push(both);
            let what = "both: describe, the mix (same CPU)".to_owned();
            let due = describes;
            phases.push(Phase { what, due, outcome: described, cpu, threads, wall });
        }
        say(&format!("looked {} times whether an endpoint is available", room.looks()));
        Ok(phases)
    }

    fn describe(&self, way: Describe) -> io::Result<Outcome> {
        let pace = self.pace(self.arguments.describes, DESCRIBERS);
        pace::run(pace, || describer(self.gateway, way, &self.ids, &self.networks))
    }

    fn change(&self, room: &Changes<'_>) -> io::Result<Outcome> {
        pace::run(self.pace(self.arguments.changes, CHANGERS), || room.changer(Until::Available))
    }

    fn run(
        &self,
        rate: u32,
        callers: usize,
        call: impl FnMut(u64) -> io::Result<Counts> + Copy + Sync,
    ) -> io::Result<Outcome> {
        pace::run(self.pace(rate, callers), || Ok(call))
    }

    fn pace(&self, rate: u32, callers: usize) -> Pace {
        Pace { rate, callers, lasts: Duration::from_secs(self.arguments.seconds) }
    }

    fn phase(
        &self,
        what: &str,
        due: u32,
        work: impl FnOnce() -> io::Result<Outcome>,
    ) -> Result<Phase> {
        let process = &self.gateway.process;
        let (cpu, before) = (process.cpu_with_ended()?, process.cpu_by_thread()?);
        let started = clock::now();
        let outcome = work().with_context(|| what.to_owned())?;
        let wall = started.elapsed();
        let cpu = process.cpu_with_ended()? - cpu;
        let mut threads = process.cpu_by_thread()?;
        for (name, seconds) in &mut threads {
            *seconds -= before.get(name).copied().unwrap_or_default();
        }
        let phase = Phase { what: what.to_owned(), due, outcome, cpu, threads, wall };
        say(&report::table(std::slice::from_ref(&phase)));
        Ok(phase)
    }
}
