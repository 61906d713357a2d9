//! The comparison of DNS servers: one zone file, one set of questions, `dnsperf` as the load, and
//! our own prober at a steady pace.
//!
//! Read in this order: [`zone`] (the names and the questions), [`server`] (who answers),
//! [`prober`] (the steady load) and [`table`] (what came of it). A round asks every server the
//! same, one after the other, every second round the other way round. Processor time per answer is
//! what is compared: of the server's processes alone, from `/proc`, since the load shares the
//! machine.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

pub mod prober;
pub mod server;
pub mod table;
pub mod zone;

use server::{Running, Server};

/// Clients of one run, and how many questions are under way at a time.
const CLIENTS: &str = "20";
const UNDER_WAY: &str = "200";

/// What is asked, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Names that exist, over UDP.
    Positive,
    /// Names that do not exist, or not with the type, half and half, over UDP.
    Negative,
    /// Names that exist, over 20 TCP connections.
    Tcp,
    /// Names that exist, over UDP at a steady pace that is far from the server's limits.
    Steady,
}

impl Load {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Positive, Self::Negative, Self::Tcp, Self::Steady];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Positive => "UDP, positive",
            Self::Negative => "UDP, negative",
            Self::Tcp => "TCP, positive",
            Self::Steady => "UDP, 4,000 a second",
        }
    }

    fn file(self) -> &'static str {
        if self == Self::Negative { zone::NEGATIVE } else { zone::POSITIVE }
    }
}

/// One run's figures.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// How many names the zone has.
    pub names: usize,
    /// What was asked.
    pub load: Load,
    /// Who answered.
    pub server: Server,
    /// Microseconds of processor time per answer.
    pub cpu_us: f64,
    /// Mean size of a reply.
    pub reply_len: f64,
    /// Answers per second.
    pub rate: f64,
    /// Microseconds that half of the answers took at most, and 99 % of them; of steady load alone.
    pub took_us: Option<[f64; 2]>,
}

/// How the rounds go.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How many rounds.
    pub rounds: usize,
    /// Seconds of each run.
    pub seconds: u32,
    /// Postern's binary.
    pub postern: PathBuf,
    /// A folder of our own.
    pub scratch: PathBuf,
}

/// Starts all servers on a zone of so many names, and runs the rounds.
pub fn run(names: usize, setting: &Setting) -> Result<Vec<Figure>> {
    let folder = setting.scratch.join(names.to_string());
    zone::write(&folder, names).context("write the zone and the questions")?;
    let mut servers = Vec::new();
    for server in Server::ALL {
        servers.push(Running::start(server, &folder, &setting.postern)?);
    }
    for server in &servers {
        ask(server, Load::Positive, &folder, 1)?;
    }
    let mut figures = Vec::new();
    for round in 0..setting.rounds {
        for load in Load::ALL {
            let mut order: Vec<&Running> = servers.iter().collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for server in order {
                let asked = match load {
                    Load::Steady => probe(server, &folder, setting.seconds)?,
                    _ => ask(server, load, &folder, setting.seconds)?,
                };
                figures.push(Figure { names, ..asked });
            }
        }
    }
    Ok(figures)
}

/// Asks one server at a steady pace for so many seconds.
fn probe(server: &Running, folder: &Path, seconds: u32) -> Result<Figure> {
    let before = server.cpu()?;
    let probed = prober::run(server.port, folder, seconds)
        .with_context(|| format!("{}: {}", server.server.name(), server.log()))?;
    let spent = server.cpu()? - before;
    Ok(Figure {
        names: 0,
        load: Load::Steady,
        server: server.server,
        cpu_us: spent * 1e6 / f64::from(probed.answered),
        reply_len: probed.reply_len,
        rate: probed.rate,
        took_us: Some([probed.p50_us, probed.p99_us]),
    })
}

/// Asks one server as much as it can take for so many seconds.
fn ask(server: &Running, load: Load, folder: &Path, seconds: u32) -> Result<Figure> {
    let before = server.cpu()?;
    let mut command = Command::new("dnsperf");
    command
        .args(["-s", "127.0.0.1", "-p", &server.port.to_string(), "-T", "1"])
        .args(["-c", CLIENTS, "-q", UNDER_WAY, "-l", &seconds.to_string(), "-d"])
        .arg(folder.join(load.file()));
    if load == Load::Tcp {
        command.args(["-m", "tcp"]);
    }
    let output = command.output().context("run dnsperf: make bench-tools")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let spent = server.cpu()? - before;
    let field = |label: &str, index: usize| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(label))?;
        let word = line.split_whitespace().nth(index)?;
        word.trim_end_matches(',').parse::<f64>().ok()
    };
    let completed = field("Queries completed:", 0).unwrap_or(0.0);
    let name = server.server.name();
    ensure!(completed > 0.0, "{name} did not answer:\n{text}{}", server.log());
    let reply_len = field("Average packet size:", 3).unwrap_or(0.0);
    let rate = field("Queries per second:", 0).unwrap_or(0.0);
    let (server, cpu_us) = (server.server, spent * 1e6 / completed);
    Ok(Figure { names: 0, load, server, cpu_us, reply_len, rate, took_us: None })
}
