//! `compare`: Postern beside HAProxy and nginx in one run. Prints its tables; a full run also puts
//! them into `bench/README.md` and the raw figures into `bench/baselines/`.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use bench::{
    backend::Backend,
    clock::{self, Limit},
    gate::{self, Figures, Verdict},
    idle, machine,
    measure::{self, Amount, Measure},
    peer::{Candidate, Peer, Setting},
    report::{self, Circumstances},
    round::{Rounds, Track},
    source::Sources,
    syscalls,
};
use clap::Parser;

#[derive(Parser, Debug)]
#[command(about = "Compares Postern with HAProxy and nginx on this machine")]
struct Arguments {
    /// Fewer rounds of less work: about two minutes, and noisier
    #[arg(long)]
    quick: bool,
    /// Only these: rr, churn, bulk, idle, calls, or a measure's name
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Rounds instead of the usual number
    #[arg(long)]
    rounds: Option<usize>,
    /// Let the kernel place proxies and load instead of giving each a processor
    #[arg(long)]
    free: bool,
    /// Only these candidates beside the direct runs, by the first word of their names
    #[arg(long, value_delimiter = ',')]
    peers: Vec<String>,
    /// Postern's binary
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/postern"))]
    postern: PathBuf,
    /// Start no further round after so many minutes
    #[arg(long, default_value_t = 11)]
    minutes: u64,
    /// Write the tables and the raw figures although the run is not a full one
    #[arg(long)]
    write: bool,
    /// Fail if a measured gate does
    #[arg(long)]
    strict: bool,
}

/// Connections held open by the idle measure, where the limit of open files allows them.
const IDLE_CONNECTIONS: u64 = 4000;
/// Descriptors beside those of connections: pipes, libraries, `/proc`.
const SPARE_DESCRIPTORS: u64 = 700;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let bench = Bench::prepare(arguments)?;
    let before = machine::load_average()?;
    let figures = bench.measure()?;
    let about = bench.circumstances((before, machine::load_average()?))?;
    let tables = report::markdown(&about, &figures);
    say(&format!("\n{tables}"));
    if bench.is_full() || bench.arguments.write {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        report::put(&folder.join("README.md"), &tables).context("write the tables")?;
        let raw = serde_json::to_string(&report::raw(&about, &figures))?;
        let path = folder.join("baselines").join(format!("{}.json", about.date));
        fs::write(path, raw + "\n").context("write the raw figures")?;
    }
    let failed = gate::rows(&figures).iter().filter(|row| row.verdict == Verdict::Fail).count();
    ensure!(!bench.arguments.strict || failed == 0, "{failed} gates fail");
    Ok(())
}

fn say(line: &str) {
    // Nothing is lost but words if nobody reads them.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// A folder that goes with its owner.
struct Scratch(PathBuf);

impl Scratch {
    /// Makes one named after this process, and removes those of processes that were killed.
    fn make() -> Result<Self> {
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench-scratch");
        fs::create_dir_all(&all).with_context(|| format!("make {}", all.display()))?;
        for entry in fs::read_dir(&all)?.filter_map(Result::ok) {
            if !Path::new("/proc").join(entry.file_name()).exists() {
                fs::remove_dir_all(entry.path())?;
            }
        }
        let path = all.canonicalize()?.join(std::process::id().to_string());
        fs::create_dir(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The next run removes what is left.
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Bench {
    arguments: Arguments,
    scratch: Scratch,
    setting: Setting,
    peers: Vec<(Peer, String)>,
    amount: Amount,
    idle_connections: usize,
    /// The processor of the load and the back end.
    cpu: Option<usize>,
    processors: usize,
}

impl Bench {
    fn prepare(arguments: Arguments) -> Result<Self> {
        let scratch = Scratch::make()?;
        let processors = machine::processors()?;
        let pinned = !arguments.free && processors > 1;
        let idle_connections = idle_connections()?;
        let setting = Setting {
            scratch: scratch.0.clone(),
            postern: arguments.postern.clone(),
            cpu: pinned.then_some(0),
            connections_max: idle_connections + 200,
        };
        let wanted = |peer: &Peer| {
            let word = peer.name().split(' ').next().unwrap_or_default();
            let named = arguments.peers.iter().any(|name| name == word);
            *peer == Peer::Direct || arguments.peers.is_empty() || named
        };
        let mut peers = Vec::new();
        for peer in Peer::ALL.into_iter().filter(wanted) {
            match peer.version(&setting.postern) {
                Some(version) => peers.push((peer, version)),
                None => say(&format!("{} can't be run and is left out", peer.name())),
            }
        }
        let amount = if arguments.quick { Amount::Quick } else { Amount::Full };
        let cpu = pinned.then_some(1);
        Ok(Self { arguments, scratch, setting, peers, amount, idle_connections, cpu, processors })
    }

    /// Whether the run is what the tables are made of.
    fn is_full(&self) -> bool {
        let Arguments { quick, only, peers, rounds, free, .. } = &self.arguments;
        let all = self.peers.len() == Peer::ALL.len();
        !quick && only.is_empty() && peers.is_empty() && rounds.is_none() && !free && all
    }

    fn is_wanted(&self, name: &str) -> bool {
        let only = &self.arguments.only;
        only.is_empty() || only.iter().any(|wanted| wanted == name)
    }

    fn measures(&self) -> Vec<Measure> {
        let only = &self.arguments.only;
        let wanted =
            |measure: &Measure| only.is_empty() || only.iter().any(|name| measure.is_called(name));
        measure::all(self.amount).into_iter().filter(wanted).collect()
    }

    fn measure(&self) -> Result<Figures> {
        let limit = Limit::starting(Duration::from_secs(60 * self.arguments.minutes));
        let backend = Backend::start(self.peers.len(), self.cpu).context("start the back end")?;
        let mut sources = Sources::seeded(std::process::id());
        let placed = machine::allowed_cpus()?;
        if let Some(cpu) = self.cpu {
            machine::pin_this_thread(cpu)?;
        }
        let mut figures = Figures {
            rounds: Rounds { series: vec![], baseline: 0.0 },
            idle: BTreeMap::new(),
            calls: BTreeMap::new(),
        };
        for ((peer, _), target) in self.peers.iter().zip(backend.addrs()) {
            if *peer != Peer::Direct {
                let candidate = Candidate::start(*peer, *target, &self.setting, &mut sources)?;
                self.look_at(&candidate, &mut sources, &mut figures)?;
            }
        }
        let measures = self.measures();
        if !measures.is_empty() {
            figures.rounds = self.race(&backend, &mut sources, &measures, limit)?;
        }
        machine::allow_cpus(&placed)?;
        Ok(figures)
    }

    /// What a candidate alone is looked at for.
    fn look_at(
        &self,
        candidate: &Candidate,
        sources: &mut Sources,
        figures: &mut Figures,
    ) -> Result<()> {
        let Some(process) = &candidate.process else { return Ok(()) };
        let name = candidate.peer.name();
        if self.is_wanted("idle") {
            say(&format!("{name}: idle connections"));
            let idle = idle::measure(candidate, process, sources, self.idle_connections)
                .with_context(|| format!("hold idle connections through {name}"))?;
            figures.idle.insert(candidate.peer, idle);
        }
        if self.is_wanted("calls") && Path::new(syscalls::PROGRAM).exists() {
            say(&format!("{name}: system calls"));
            let calls = syscalls::count_all(candidate, process, sources, &self.scratch.0)
                .with_context(|| format!("count the system calls of {name}"))?;
            figures.calls.insert(candidate.peer, calls);
        }
        Ok(())
    }

    fn race(
        &self,
        backend: &Backend,
        sources: &mut Sources,
        measures: &[Measure],
        limit: Limit,
    ) -> Result<Rounds> {
        let mut candidates = Vec::with_capacity(self.peers.len());
        for ((peer, _), target) in self.peers.iter().zip(backend.addrs()) {
            candidates.push(Candidate::start(*peer, *target, &self.setting, sources)?);
        }
        let rounds = self.arguments.rounds.unwrap_or_else(|| self.amount.rounds());
        ensure!(rounds > 0, "at least one round is needed");
        let processors = self.processors;
        Track { candidates: &candidates, processors, sources, limit }.run(measures, rounds, say)
    }

    fn circumstances(&self, load_average: (f64, f64)) -> Result<Circumstances> {
        let flags: Vec<_> = std::env::args().skip(1).collect();
        let command = match flags.as_slice() {
            [] => "make bench".to_owned(),
            flags => format!("compare {}", flags.join(" ")),
        };
        let placement = match self.cpu {
            Some(_) => "each proxy on processor 0, load and back end on processor 1",
            None => "placed by the kernel",
        };
        Ok(Circumstances {
            date: clock::today(),
            command,
            machine: machine::describe()?,
            irq_accounting: machine::IrqAccounting::find().as_str(),
            load_average,
            placement,
            versions: self.peers.clone(),
        })
    }
}

/// Raises the limit of open files as far as it goes, and says how many idle connections fit: both
/// ends of each are in this process, and a proxy has two descriptors for it.
fn idle_connections() -> Result<usize> {
    let most = machine::raise_open_files().context("raise the limit of open files")?;
    let fit = most.saturating_sub(SPARE_DESCRIPTORS) / 2;
    ensure!(fit >= 300, "the limit of open files is too low");
    Ok(usize::try_from(fit - 200)?.min(usize::try_from(IDLE_CONNECTIONS)?))
}
