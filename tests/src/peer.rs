//! Targets: real HAProxy, nginx, Apache httpd, Caddy and `postern target`, each telling in JSON
//! what it learnt from the PROXY header.

mod configuration;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::{client, network::free_port, postern::binary, wait_until};

/// Where nginx answers health checks.
pub const HEALTH_PATH: &str = "/health";
/// The file whose presence has it answer 503 there.
const DOWN: &str = "down";

/// A running target. Dropping it kills it.
#[derive(Debug)]
pub struct Peer {
    /// Where it listens.
    pub addr: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Peer {
    /// HAProxy with `accept-proxy`: answers every request with what it took from the header.
    pub fn haproxy() -> Self {
        Self::configured(configuration::haproxy, |file, _| {
            let mut command = Command::new("/usr/sbin/haproxy");
            command.arg("-db").arg("-f").arg(file);
            command
        })
    }

    /// nginx with `listen ... proxy_protocol`: the same, and health checks at [`HEALTH_PATH`].
    pub fn nginx() -> Self {
        Self::configured(configuration::nginx, |file, folder| {
            let mut command = Command::new("/usr/sbin/nginx");
            command.arg("-p").arg(folder).arg("-c").arg(file);
            command
        })
    }

    /// Apache httpd with `RemoteIPProxyProtocol`: tells the client's address alone.
    pub fn apache() -> Self {
        Self::configured(configuration::apache, |file, _| {
            // It does not serve as root, and has no other user to become in a test's namespace.
            let mut command = if geteuid().is_root() {
                let mut command = Command::new("unshare");
                command.args(["--user", "--map-user=33", "--map-group=33", "/usr/sbin/apache2"]);
                command
            } else {
                Command::new("/usr/sbin/apache2")
            };
            // In one process, so that it ends whole.
            command.args(["-X", "-f"]).arg(file);
            command
        })
    }

    /// Caddy with the listener wrapper `proxy_protocol`, which Debian's is too old for: that of
    /// PyPI.
    pub fn caddy() -> Self {
        Self::configured(configuration::caddy, |file, folder| {
            let caddy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/bin/caddy");
            let mut command = Command::new(caddy);
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
            command.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
            command
        })
    }

    /// `postern target`, in one of its modes.
    pub fn postern(mode: &str, name: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port(Ipv4Addr::LOCALHOST)));
        let mut command = Command::new(binary());
        command.args(["target", "--listen", &addr.to_string(), "--mode", mode, "--name", name]);
        Self::spawn(command, addr, folder)
    }

    /// Ends it at once, as a crash would; its port then refuses.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Has nginx answer health checks with 503 from now on, or with 200 again.
    pub fn answer_checks(&self, code: u16) {
        let file = self.folder.path().join(DOWN);
        match code {
            200 => fs::remove_file(file).unwrap(),
            503 => fs::write(file, "").unwrap(),
            _ => panic!("nginx answers checks with 200 or 503, not {code}"),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts a program on a configuration for an address and a folder.
    fn configured(
        configuration: impl Fn(SocketAddr, &Path) -> String,
        command: impl Fn(&Path, &Path) -> Command,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port(Ipv4Addr::LOCALHOST)));
        let file = folder.path().join("conf");
        fs::write(&file, configuration(addr, folder.path())).unwrap();
        Self::spawn(command(&file, folder.path()), addr, folder)
    }

    fn spawn(mut command: Command, addr: SocketAddr, folder: TempDir) -> Self {
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} (make test-tools): {error}"));
        let mut peer = Self { addr, child, folder };
        wait_until(Duration::from_secs(10), "the target to listen", || {
            if let Some(status) = peer.child.try_wait().unwrap() {
                let log = fs::read_to_string(peer.folder.path().join("log")).unwrap_or_default();
                panic!("{command:?} ended with {status}: {log}");
            }
            client::connect(addr.ip(), addr.port()).is_ok()
        });
        peer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
