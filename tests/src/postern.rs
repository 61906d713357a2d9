//! A running gateway: the built binary, its own state directory, port 0 everywhere.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::OnceLock,
    time::Duration,
};

use tempfile::TempDir;

use crate::{Api, Aws, Key, wait_for, wait_until};

/// The Region of every test gateway.
pub const REGION: &str = "us-east-1";
/// How long a start or a stop may take before the test gives up; not a promise.
const PATIENCE: Duration = Duration::from_secs(20);

/// The accounts of every test gateway.
pub const PROVIDER: Key =
    Key { account: "111111111111", id: "provider", secret: "provider-secret" };
/// The second tenant.
pub const CONSUMER: Key =
    Key { account: "222222222222", id: "consumer", secret: "consumer-secret" };
/// A third tenant, whom nobody permits anything.
pub const STRANGER: Key =
    Key { account: "333333333333", id: "stranger", secret: "stranger-secret" };

/// A gateway process. Dropping it kills it.
#[derive(Debug)]
pub struct Postern {
    folder: TempDir,
    child: Option<Child>,
    listening: Listening,
}

/// Where it listens, from `listening.json`.
#[derive(Clone, Copy, Debug)]
pub struct Listening {
    /// The API.
    pub api: SocketAddr,
    /// DNS, UDP and TCP.
    pub dns: SocketAddr,
    /// Metrics and readiness.
    pub admin: SocketAddr,
}

impl Postern {
    /// Starts an empty gateway with two zones and three accounts.
    pub fn start() -> Self {
        Self::start_with("")
    }

    /// The same with more lines in its configuration: top-level keys first, then tables.
    pub fn start_with(more: &str) -> Self {
        Self::start_limited("{ throttle = false }", more)
    }

    /// The same with limits of its own, a table in one line.
    pub fn start_limited(limits: &str, more: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("postern.toml"), configuration(limits, more)).unwrap();
        let mut postern = Self {
            folder,
            child: None,
            listening: Listening { api: any(), dns: any(), admin: any() },
        };
        postern.restart();
        postern
    }

    /// Starts the process (again) on the same state and waits until it is ready. Returns the time.
    pub fn restart(&mut self) -> Duration {
        assert!(self.child.is_none(), "stop or kill it first");
        let state = self.state_dir();
        let _ = fs::remove_file(state.join("listening.json"));
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut child = Command::new(binary())
            .args(["run", "--config"])
            .arg(self.config_path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let (listening, took) = wait_for(PATIENCE, "listening.json", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("postern ended at start with {status}:\n{}", self.log());
            }
            read_listening(&state.join("listening.json"))
        });
        self.child = Some(child);
        self.listening = listening;
        took
    }

    /// Where it listens.
    pub fn listening(&self) -> Listening {
        self.listening
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Its state directory.
    pub fn state_dir(&self) -> PathBuf {
        self.folder.path().join("var")
    }

    /// Asks it to read its files again.
    pub fn hang_up(&self) {
        signal(self.child.as_ref().unwrap(), rustix::process::Signal::HUP);
    }

    /// Its configuration file.
    pub fn config_path(&self) -> PathBuf {
        self.folder.path().join("postern.toml")
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Its access lines: one JSON object per connection that has ended.
    pub fn access_lines(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok();
        let is_access = |line: &serde_json::Value| line["target"] == "access";
        self.log().lines().filter_map(parse).filter(is_access).collect()
    }

    /// Kills it as a power cut would, as far as the process goes.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to stop, as Ctrl-C does, and waits until it has.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        signal(&child, rustix::process::Signal::INT);
        let mut status = None;
        wait_until(PATIENCE, "postern to stop", || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// A signed caller of its API.
    pub fn api(&self, key: Key) -> Api {
        Api::new(self.listening.api, key)
    }

    /// The stock AWS CLI, pointed at it.
    pub fn aws(&self, key: Key) -> Aws {
        Aws::new(self.listening.api, key)
    }

    /// The value of a metric, summed over the label sets that contain all `labels`.
    pub fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let text = crate::curl(&[&format!("http://{}/metrics", self.listening.admin)]).unwrap();
        let of_name = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|label| line.contains(label))
        };
        let value = |line: &str| line.rsplit(' ').next().and_then(|v| v.parse::<f64>().ok());
        text.lines().filter(of_name).filter_map(value).sum()
    }

    fn log_path(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

impl Drop for Postern {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail = log.len().saturating_sub(6000);
            eprintln!("--- postern's log, its end ---\n{}", log.get(tail..).unwrap_or(&log));
        }
    }
}

/// Sends a signal to a child of ours.
pub fn signal(child: &Child, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
}

/// The built binary; builds it first, so that a plain `cargo test` works too.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
        let built = Command::new(env!("CARGO"))
            .current_dir(&root)
            .args(["build", "--quiet", "-p", "daemon"])
            .status()
            .unwrap();
        assert!(built.success(), "cargo build -p daemon failed");
        // This test's own binary is target/<profile>/deps/<name>.
        let own = std::env::current_exe().unwrap();
        own.parent().and_then(Path::parent).unwrap().join("postern")
    })
}

fn configuration(limits: &str, more: &str) -> String {
    let accounts: String = [PROVIDER, CONSUMER, STRANGER]
        .map(|key| {
            format!(
                "[[accounts]]\nid = \"{}\"\nname = \"{}\"\nkeys = [{{ access_key_id = \"{}\", \
                 secret_access_key = \"{}\" }}]\n",
                key.account, key.id, key.id, key.secret
            )
        })
        .concat();
    format!(
        "region = \"{REGION}\"\nstate_dir = \"var\"\n\
         limits = {limits}\n{more}\n\
         [listen]\napi = \"127.0.0.1:0\"\ndns = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
         [[zones]]\nname = \"us-east-1a\"\nid = \"use1-az1\"\n\
         [[zones]]\nname = \"us-east-1b\"\nid = \"use1-az2\"\n{accounts}"
    )
}

fn read_listening(path: &Path) -> Option<Listening> {
    let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    let addr = |name: &str| json[name].as_str()?.parse().ok();
    Some(Listening { api: addr("api")?, dns: addr("dns")?, admin: addr("admin")? })
}

fn any() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 0))
}
