//! The servers: Postern with one view and with a thousand, NSD and Knot, each with two workers and
//! all rate limits off.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, TcpListener, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::zone::{FILE, NAME};
use crate::{clock::Limit, process::Process};

/// One of the compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Postern, whose clients all see the same.
    Postern,
    /// Postern with a thousand networks, of which the client's is told by its address.
    PosternViews,
    /// NSD.
    Nsd,
    /// Knot DNS.
    Knot,
}

/// Networks beside the client's, each with a zone of its own.
const VIEWS: usize = 999;
/// How long a server may take to answer its first question.
const READY_MAX: Duration = Duration::from_secs(20);
/// Between two looks whether it does.
const LOOK: Duration = Duration::from_millis(100);

impl Server {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Postern, Self::PosternViews, Self::Nsd, Self::Knot];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postern => "postern",
            Self::PosternViews => "postern, 1,000 views",
            Self::Nsd => "nsd",
            Self::Knot => "knot",
        }
    }

    /// What it says about its version.
    pub fn version(self, postern: &Path) -> Result<String> {
        let (program, flag) = match self {
            Self::Postern | Self::PosternViews => (postern, "--version"),
            Self::Nsd => (Path::new("/usr/sbin/nsd"), "-v"),
            Self::Knot => (Path::new("/usr/sbin/knotd"), "-V"),
        };
        let output = Command::new(program).arg(flag).output().context("ask for a version")?;
        let text = [output.stdout, output.stderr].concat();
        Ok(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned())
    }
}

/// A server that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Running {
    /// Who it is.
    pub server: Server,
    /// Where it answers.
    pub port: u16,
    process: Process,
    log: PathBuf,
}

impl Running {
    /// Starts a server on the zone in a folder, and waits until it answers.
    pub fn start(server: Server, folder: &Path, postern: &Path) -> Result<Self> {
        let port = free_port().context("find a free port")?;
        let own = folder.join(format!("{}-{port}", server.name().replace([' ', ','], "-")));
        fs::create_dir_all(&own)?;
        let (program, arguments) = match server {
            Server::Postern => (postern, configure_postern(&own, folder, port, 0)?),
            Server::PosternViews => (postern, configure_postern(&own, folder, port, VIEWS)?),
            Server::Nsd => (Path::new("/usr/sbin/nsd"), configure_nsd(&own, folder, port)?),
            Server::Knot => (Path::new("/usr/sbin/knotd"), configure_knot(&own, folder, port)?),
        };
        let log = own.join("log");
        let process = Process::start(program, &arguments, &log, None)
            .with_context(|| format!("start {}", server.name()))?;
        let mut running = Self { server, port, process, log };
        running.wait()?;
        Ok(running)
    }

    fn wait(&mut self) -> Result<()> {
        let limit = Limit::starting(READY_MAX);
        while !answers(self.port)? {
            if let Err(error) = self.process.must_be_running() {
                bail!("{}: {error}\n{}", self.server.name(), self.log());
            }
            if limit.is_over() {
                bail!("{} does not answer:\n{}", self.server.name(), self.log());
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Processor seconds used so far by it and its children.
    pub fn cpu(&self) -> Result<f64> {
        let mut processes = BTreeSet::from([self.process.id()]);
        let mut waiting = vec![self.process.id()];
        while let Some(process) = waiting.pop() {
            for child in children(process) {
                if processes.insert(child) {
                    waiting.push(child);
                }
            }
        }
        let mut seconds = 0.0;
        for process in processes {
            seconds += crate::process::cpu_of(Path::new(&format!("/proc/{process}/task")))?;
        }
        Ok(seconds)
    }
}

/// The children of all threads of a process (proc_tid_children(5)).
fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let texts = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let ids = |text: String| text.split_whitespace().filter_map(|id| id.parse().ok()).collect();
    texts.flat_map(|text| -> Vec<u32> { ids(text) }).collect()
}

/// A port that is free for UDP and TCP.
#[expect(clippy::disallowed_methods, reason = "a blocking socket in a program of its own")]
fn free_port() -> std::io::Result<u16> {
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = udp.local_addr()?;
        if TcpListener::bind(addr).is_ok() {
            return Ok(addr.port());
        }
    }
}

/// Whether the zone's SOA record is answered there.
#[expect(clippy::disallowed_methods, reason = "a blocking socket in a program of its own")]
fn answers(port: u16) -> Result<bool> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(LOOK))?;
    socket.connect((Ipv4Addr::LOCALHOST, port))?;
    let mut question = vec![0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in NAME.split('.') {
        question.push(u8::try_from(label.len())?);
        question.extend(label.as_bytes());
    }
    question.extend([0, 0, 6, 0, 1]);
    let mut reply = [0; 512];
    let len = socket.send(&question).and_then(|_| socket.recv(&mut reply)).unwrap_or(0);
    // Without an error, with an answer.
    Ok(len > question.len() && reply[3] & 0xF == 0 && reply[7] > 0)
}

fn configure_postern(own: &Path, folder: &Path, port: u16, views: usize) -> Result<Vec<String>> {
    let mut text = format!(
        "region = \"us-west-2\"\nstate_dir = \"{}/state\"\nlog = {{ level = \"warn\" }}\n\
         [listen]\napi = \"127.0.0.1:0\"\ndns = \"127.0.0.1:{port}\"\nadmin = \"127.0.0.1:0\"\n\
         [[zones]]\nname = \"us-west-2a\"\nid = \"usw2-az1\"\n\
         [[accounts]]\nid = \"111111111111\"\nname = \"bench\"\n\
         keys = [{{ access_key_id = \"bench\", secret_access_key = \"secret\" }}]\n\
         [dns]\nworkers = 2\n",
        own.display(),
    );
    let file = folder.join(FILE);
    let vpcs = if views == 0 { "[]".to_owned() } else { format!("[\"{}\"]", vpc(0)) };
    writeln!(
        text,
        "[[dns.zone]]\nname = \"{NAME}\"\nfile = \"{}\"\nvpcs = {vpcs}",
        file.display()
    )?;
    if views > 0 {
        writeln!(text, "[[dns.view]]\nvpc = \"{}\"\nclients = [\"127.0.0.0/8\"]", vpc(0))?;
        fs::write(own.join("own.zone"), "@ 60 SOA ns m 1 2 3 4 60\n@ 60 NS ns\nns A 192.0.2.1\n")?;
    }
    for n in 1..=views {
        let (high, low) = (n / 256, n % 256);
        // Prefixes of three lengths, so that three are tried for a client that is in none.
        let clients = match n % 3 {
            0 => format!("\"10.{high}.{low}.0/24\""),
            1 => format!("\"172.{}.{low}.0/25\"", 16 + high),
            _ => format!("\"fd00:{n:x}::/64\""),
        };
        writeln!(text, "[[dns.view]]\nvpc = \"{}\"\nclients = [{clients}]", vpc(n))?;
    }
    if views > 0 {
        let all: Vec<_> = (1..=views).map(|n| format!("\"{}\"", vpc(n))).collect();
        let all = all.join(", ");
        let file = own.join("own.zone");
        writeln!(
            text,
            "[[dns.zone]]\nname = \"own.test\"\nfile = \"{}\"\nvpcs = [{all}]",
            file.display()
        )?;
    }
    let file = own.join("postern.toml");
    fs::write(&file, text)?;
    Ok(vec!["run".to_owned(), "--config".to_owned(), file.display().to_string()])
}

/// The id of the network of this number.
fn vpc(n: usize) -> String {
    format!("vpc-{n:017x}")
}

fn configure_nsd(own: &Path, folder: &Path, port: u16) -> Result<Vec<String>> {
    let (file, own) = (own.join("nsd.conf"), own.display());
    fs::write(
        &file,
        format!(
            "server:\n  ip-address: 127.0.0.1@{port}\n  server-count: 2\n  reuseport: yes\n  \
             username: \"\"\n  chroot: \"\"\n  zonesdir: \"{}\"\n  pidfile: \"{own}/pid\"\n  \
             database: \"\"\n  xfrdfile: \"{own}/xfrd\"\n  zonelistfile: \"{own}/list\"\n  \
             xfrdir: \"{own}\"\n  rrl-ratelimit: 0\n  tcp-count: 200\n  \
             minimal-responses: yes\nremote-control:\n  control-enable: no\n\
             zone:\n  name: {NAME}\n  zonefile: {FILE}\n",
            folder.display(),
        ),
    )?;
    Ok(vec!["-d".to_owned(), "-c".to_owned(), file.display().to_string()])
}

fn configure_knot(own: &Path, folder: &Path, port: u16) -> Result<Vec<String>> {
    let (file, own) = (own.join("knot.conf"), own.display());
    fs::write(
        &file,
        format!(
            "server:\n  listen: 127.0.0.1@{port}\n  rundir: \"{own}\"\n  udp-workers: 2\n  \
             tcp-workers: 2\n  background-workers: 1\n  tcp-reuseport: on\n\
             database:\n  storage: \"{own}/db\"\n\
             zone:\n  - domain: {NAME}.\n    file: \"{}\"\n    journal-content: none\n    \
             zonefile-load: whole\n",
            folder.join(FILE).display(),
        ),
    )?;
    Ok(vec!["-c".to_owned(), file.display().to_string()])
}
