//! Who is compared: the back end without a proxy, Postern, HAProxy, nginx. Each is started with one
//! worker, a PROXY header to its target, and nothing else that costs.

mod haproxy;
mod nginx;
mod postern;

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU16, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

pub(crate) use haproxy::configured as haproxy_configured;
pub(crate) use nginx::stream as nginx_stream;
pub(crate) use postern::{create_group, create_listener, register};

use crate::{
    api::Caller,
    client::{self, Work},
    clock::Limit,
    process::Process,
    source::Sources,
};

/// One of the compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// The back end itself, without a proxy and without a header.
    Direct,
    /// Postern.
    Postern,
    /// HAProxy that splices always.
    HaproxySplice,
    /// HAProxy that splices when it thinks that pays.
    HaproxyAuto,
    /// nginx's stream module with a 64 KiB buffer.
    Nginx,
}

impl Peer {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 5] =
        [Self::Direct, Self::Postern, Self::HaproxySplice, Self::HaproxyAuto, Self::Nginx];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Postern => "postern",
            Self::HaproxySplice => "haproxy splice",
            Self::HaproxyAuto => "haproxy auto",
            Self::Nginx => "nginx 64k",
        }
    }

    /// The first line of what it says about its version; none if it can't be run.
    pub fn version(self, postern: &Path) -> Option<String> {
        let (program, flag) = match self {
            Self::Direct => return Some(String::new()),
            Self::Postern => (postern, "--version"),
            Self::HaproxySplice | Self::HaproxyAuto => (Path::new(haproxy::PROGRAM), "-v"),
            Self::Nginx => (Path::new(nginx::PROGRAM), "-v"),
        };
        let output = Command::new(program).arg(flag).output().ok()?;
        let text = [output.stdout, output.stderr].concat();
        let line = String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned();
        output.status.success().then_some(line)
    }
}

/// How peers are to be started.
#[derive(Clone, Debug)]
pub struct Setting {
    /// A folder of our own for configurations and state.
    pub scratch: PathBuf,
    /// Postern's binary.
    pub postern: PathBuf,
    /// The processor of their worker; none lets the kernel choose.
    pub cpu: Option<usize>,
    /// The most client connections that one has to carry.
    pub connections_max: usize,
}

/// What a peer's configuration is made of.
struct Place {
    folder: PathBuf,
    listen: SocketAddrV4,
    target: SocketAddr,
    connections_max: usize,
}

/// A peer that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Candidate {
    /// Who it is.
    pub peer: Peer,
    /// Where clients find it.
    pub addr: SocketAddr,
    /// Its process; none of [`Peer::Direct`].
    pub process: Option<Process>,
}

/// How often a start is tried: a chosen port may be taken before the peer binds it.
const STARTS_MAX: usize = 3;
/// How long a peer may take to serve its first request.
const READY_MAX: Duration = Duration::from_secs(10);
/// Between two looks whether it does.
const LOOK: Duration = Duration::from_millis(20);

impl Candidate {
    /// Starts it in front of a target and waits until it serves.
    pub fn start(
        peer: Peer,
        target: SocketAddr,
        setting: &Setting,
        sources: &mut Sources,
    ) -> Result<Self> {
        if peer == Peer::Direct {
            return Ok(Self { peer, addr: target, process: None });
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(peer, target, setting, sources) {
                Err(_) if tries < STARTS_MAX => {}
                done => return done.with_context(|| format!("start {}", peer.name())),
            }
        }
    }

    fn try_start(
        peer: Peer,
        target: SocketAddr,
        setting: &Setting,
        sources: &mut Sources,
    ) -> Result<Self> {
        let port = free_port().context("find a free port")?;
        let folder = setting.scratch.join(format!("{port}"));
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let listen = SocketAddrV4::new(postern_or_local(peer == Peer::Postern), port);
        let place = Place { folder, listen, target, connections_max: setting.connections_max };
        let (program, args) = match peer {
            Peer::Direct | Peer::Postern => (setting.postern.as_path(), postern::prepare(&place)?),
            Peer::HaproxySplice => {
                (Path::new(haproxy::PROGRAM), haproxy::prepare(&place, haproxy::Splice::Always)?)
            }
            Peer::HaproxyAuto => {
                (Path::new(haproxy::PROGRAM), haproxy::prepare(&place, haproxy::Splice::Auto)?)
            }
            Peer::Nginx => (Path::new(nginx::PROGRAM), nginx::prepare(&place)?),
        };
        let log = place.folder.join("log");
        let process = Process::start(program, &args, &log, setting.cpu)
            .with_context(|| format!("run {}", program.display()))?;
        let mut candidate = Self { peer, addr: listen.into(), process: Some(process) };
        candidate.wait_until_ready(sources).with_context(|| last_words(&log))?;
        Ok(candidate)
    }

    fn wait_until_ready(&mut self, sources: &mut Sources) -> Result<()> {
        let limit = Limit::starting(READY_MAX);
        let one = Work::Requests { connections: 1, requests: 1 };
        loop {
            if let Some(process) = &mut self.process {
                process.must_be_running()?;
            }
            match client::run(one, self.addr, sources) {
                Ok(_) => return Ok(()),
                Err(e) if limit.is_over() => return Err(e).context("wait for its first reply"),
                Err(_) => thread::sleep(LOOK),
            }
        }
    }
}

/// Postern's endpoint gets an address of its subnet, the others the host's.
pub(crate) fn postern_or_local(is_postern: bool) -> Ipv4Addr {
    if is_postern { postern::ENDPOINT } else { Ipv4Addr::LOCALHOST }
}

/// Postern's arguments with one TCP listener on a port and more tables in its configuration.
pub(crate) fn postern_arguments(
    folder: &Path,
    port: u16,
    target: SocketAddr,
    more: &str,
) -> io::Result<Vec<String>> {
    let listen = SocketAddrV4::new(postern::ENDPOINT, port);
    let folder = folder.to_owned();
    postern::prepare_with(&Place { folder, listen, target, connections_max: 0 }, more)
}

/// Calls the API of the Postern that was started in a folder, as its provider.
pub(crate) fn provider(process: &mut Process, folder: &Path) -> Result<Caller> {
    postern::provider(process, folder)
}

pub(crate) fn haproxy_program() -> PathBuf {
    haproxy::PROGRAM.into()
}

pub(crate) fn nginx_program() -> PathBuf {
    nginx::PROGRAM.into()
}

fn last_words(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().rev().take(5).collect();
    format!("its last words: {}", lines.into_iter().rev().collect::<Vec<_>>().join(" | "))
}

/// Ports below the ones that the kernel gives to outgoing connections (32768 and up), so that none
/// of those takes it before the peer does.
const PORTS: std::ops::Range<u16> = 18_000..31_000;

#[expect(clippy::disallowed_methods, reason = "binds a loopback port for a moment; waits for none")]
pub(crate) fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let span = PORTS.end - PORTS.start;
    let seed = u16::try_from(std::process::id() % u32::from(span)).unwrap_or(0);
    for _ in PORTS {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % span;
        let port = PORTS.start + (seed + step) % span;
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}
