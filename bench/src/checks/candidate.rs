//! Postern and HAProxy, each with a thousand targets to check.

use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, SocketAddrV4},
    path::Path,
};

use anyhow::{Context, Result};

use super::{INTERVAL, Question, Setting, targets};
use crate::{
    peer::{self, Peer},
    process::Process,
};
use targets::Targets;

/// Targets are registered so many at a time.
const BATCH: usize = 100;

/// Who is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Postern.
    Postern,
    /// HAProxy.
    Haproxy,
}

impl Who {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Postern, Self::Haproxy];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postern => "postern",
            Self::Haproxy => "haproxy",
        }
    }

    /// What it says about its version.
    pub fn version(self, postern: &Path) -> Option<String> {
        match self {
            Self::Postern => Peer::Postern.version(postern),
            Self::Haproxy => Peer::HaproxySplice.version(postern),
        }
    }

    /// Its targets are 127.N.0.0 and the addresses that follow.
    fn network(self) -> u8 {
        match self {
            Self::Postern => 97,
            Self::Haproxy => 98,
        }
    }
}

/// One that checks.
#[derive(Debug)]
pub struct Candidate {
    /// Who it is.
    pub who: Who,
    /// Its process.
    pub process: Process,
    /// Whom it checks.
    pub targets: Targets,
}

impl Candidate {
    /// Serves its targets and starts it.
    pub fn start(who: Who, question: Question, setting: &Setting) -> Result<Self> {
        let (own, others) = setting.cpus.unzip();
        let targets = Targets::serve(who.network(), question, others)?;
        let folder = setting.scratch.join(format!("{}-{}", who.name(), question.name()));
        fs::create_dir_all(&folder)?;
        let (program, arguments) = match who {
            Who::Postern => {
                let first = targets.addrs().next().context("no target")?;
                let arguments = peer::postern_arguments(&folder, peer::free_port()?, first, "")?;
                (setting.postern.clone(), arguments)
            }
            Who::Haproxy => (peer::haproxy_program(), haproxy(&folder, question, &targets)?),
        };
        let process = Process::start(&program, &arguments, &folder.join("log"), own)
            .with_context(|| format!("run {}", program.display()))?;
        let mut started = Self { who, process, targets };
        if who == Who::Postern {
            provide(&mut started, question, &folder).context("register the targets")?;
        }
        Ok(started)
    }
}

/// Adds a listener with a group of all targets, as a provider would.
fn provide(started: &mut Candidate, question: Question, folder: &Path) -> Result<()> {
    let mut caller = peer::provider(&mut started.process, folder)?;
    let interval = INTERVAL.as_secs().to_string();
    let mut check = vec![
        ("HealthCheckProtocol", question.name()),
        ("HealthCheckIntervalSeconds", &interval),
        ("HealthCheckTimeoutSeconds", &interval),
    ];
    if question != Question::Tcp {
        check.push(("HealthCheckPath", targets::PATH));
    }
    let group = peer::create_group(&mut caller, ("checked", "TCP"), &check)?;
    let addrs: Vec<_> = started.targets.addrs().collect();
    for batch in addrs.chunks(BATCH) {
        peer::register(&mut caller, &group, batch)?;
    }
    peer::create_listener(&mut caller, ("TCP", peer::free_port()?), &group, &[])
}

/// As HAProxy has it by default: checks spread over the interval, a connection closed by a reset
/// when it was only to be accepted.
fn haproxy(folder: &Path, question: Question, targets: &Targets) -> Result<Vec<String>> {
    let listen = SocketAddrV4::new(Ipv4Addr::LOCALHOST, peer::free_port()?);
    let http = match question {
        Question::Tcp => String::new(),
        Question::Http | Question::Https => {
            let path = targets::PATH;
            format!("option httpchk GET {path}\n    http-check expect status 200-399")
        }
    };
    let tls = if question == Question::Https { " check-ssl verify none" } else { "" };
    let (interval, most) = (INTERVAL.as_secs(), 2 * usize::from(super::TARGETS));
    let mut text = format!(
        "global
    nbthread 1
    maxconn {most}
defaults
    mode tcp
    timeout connect 5s
    timeout client 350s
    timeout server 350s
frontend endpoint
    bind {listen}
    default_backend targets
backend targets
    {http}
    default-server check inter {interval}s{tls}
"
    );
    for (n, addr) in targets.addrs().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    server t{n} {addr}");
    }
    Ok(peer::haproxy_configured(folder, &text)?)
}
