//! Postern and nginx, each relaying UDP to a target of its own.

use std::{
    fs,
    net::{SocketAddr, SocketAddrV4},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result};

use super::{
    Setting,
    load::{Run, Work},
    target::{BUFFER_BYTES, Target},
};
use crate::{
    api::Caller,
    backend::Backend,
    clock::Limit,
    peer::{self, Peer},
    process::Process,
    source::Sources,
};

/// Who is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Postern.
    Postern,
    /// nginx's stream module.
    Nginx,
}

impl Who {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Postern, Self::Nginx];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postern => "postern",
            Self::Nginx => "nginx",
        }
    }

    /// What it says about its version.
    pub fn version(self, postern: &Path) -> Option<String> {
        match self {
            Self::Postern => Peer::Postern.version(postern),
            Self::Nginx => Peer::Nginx.version(postern),
        }
    }
}

/// One that runs.
#[derive(Debug)]
pub struct Candidate {
    /// Who it is.
    pub who: Who,
    /// Where it takes datagrams.
    pub addr: SocketAddr,
    /// Its process.
    pub process: Process,
    /// Where it takes them to.
    pub target: Target,
    /// Asked by Postern whether the target is healthy.
    _health: Backend,
}

/// How long a start may take.
const READY_MAX: Duration = Duration::from_secs(20);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Connections that nginx may have: two per flow, and flows that are silent for long enough end.
const CONNECTIONS: usize = 18_000;
/// After so much silence nginx ends a flow.
const SILENCE: &str = "2s";

impl Candidate {
    /// Starts it in front of a target, and waits until it serves.
    pub fn start(who: Who, setting: &Setting) -> Result<Self> {
        let (own, others) = setting.cpus.unzip();
        let health = Backend::start(1, others)?;
        let target_addr = *health.addrs().first().context("no back end")?;
        let target = Target::start(target_addr, others)?;
        let (plain, port) = (peer::free_port()?, peer::free_port()?);
        let folder = setting.scratch.join(who.name());
        fs::create_dir_all(&folder)?;
        let listen = SocketAddrV4::new(peer::postern_or_local(who == Who::Postern), port);
        let (program, arguments) = match who {
            Who::Postern => {
                let arguments = peer::postern_arguments(&folder, plain, target_addr, "")?;
                (setting.postern.clone(), arguments)
            }
            Who::Nginx => (peer::nginx_program(), nginx(&folder, listen, target_addr)?),
        };
        let process = Process::start(&program, &arguments, &folder.join("log"), own)
            .with_context(|| format!("run {}", program.display()))?;
        let addr = listen.into();
        let mut started = Self { who, addr, process, target, _health: health };
        if who == Who::Postern {
            let mut provider = peer::provider(&mut started.process, &folder)?;
            provide(&mut provider, port, target_addr).context("add the UDP listener")?;
        }
        started.wait_until_ready().with_context(|| format!("wait for {}", who.name()))?;
        Ok(started)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let (limit, mut sources) = (Limit::starting(READY_MAX), Sources::seeded(1));
        let one = Work::Echo { flows: 1, bytes: 64, under_way: 1 };
        loop {
            self.process.must_be_running()?;
            let mut run = Run::prepare(one, self.addr, &self.target, &mut sources)?;
            match run.go(LOOK) {
                Ok(_) => return Ok(()),
                Err(error) if limit.is_over() => return Err(error),
                Err(_) => std::thread::sleep(LOOK),
            }
        }
    }
}

/// Adds a UDP listener with a group of one target, as a provider would.
fn provide(caller: &mut Caller, port: u16, target: SocketAddr) -> Result<()> {
    let group = peer::create_group(caller, ("datagrams", "UDP"), &[])?;
    peer::register(caller, &group, &[target])?;
    peer::create_listener(caller, ("UDP", port), &group, &[])
}

/// nginx takes all that waits in a turn (`multi_accept`), with as much room as Postern asks for.
fn nginx(folder: &Path, listen: SocketAddrV4, target: SocketAddr) -> Result<Vec<String>> {
    let events = format!("multi_accept on;\n    worker_connections {CONNECTIONS};");
    let server = format!(
        "listen {listen} udp rcvbuf={BUFFER_BYTES} sndbuf={BUFFER_BYTES};
        proxy_pass {target};
        proxy_timeout {SILENCE};"
    );
    Ok(peer::nginx_stream(folder, &events, &server)?)
}
