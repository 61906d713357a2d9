//! Targets: real HAProxy, real nginx and `postern target`, each telling in JSON what it learnt from
//! the PROXY header.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
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
        let answer = "'{\"target\":\"haproxy\",\"client\":\"%[src]\",\"client_port\":%[src_port],\
                      \"endpoint\":\"%[dst]\",\"endpoint_port\":%[dst_port]}'";
        Self::from_configuration("haproxy", |addr, _| {
            format!(
                "global\n  nbthread 1\n  maxconn 500\ndefaults\n  mode http\n  \
                 timeout client 30s\n  timeout server 30s\n  timeout connect 5s\n\
                 frontend f\n  bind {addr} accept-proxy\n  \
                 http-request return status 200 content-type application/json lf-string {answer}\n"
            )
        })
    }

    /// nginx with `listen ... proxy_protocol`: the same, and health checks at [`HEALTH_PATH`].
    pub fn nginx() -> Self {
        let answer = "'{\"target\":\"nginx\",\"client\":\"$proxy_protocol_addr\",\
                      \"client_port\":$proxy_protocol_port,\
                      \"endpoint\":\"$proxy_protocol_server_addr\",\
                      \"endpoint_port\":$proxy_protocol_server_port}'";
        Self::from_configuration("nginx", |addr, folder| {
            let user = if geteuid().is_root() { "user root;" } else { "" };
            let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
                .concat();
            format!(
                "{user}\ndaemon off;\nmaster_process off;\npid {folder}/pid;\n\
                 error_log {folder}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{temp}\
                 default_type application/json;\n\
                 server {{ listen {addr} proxy_protocol; \
                 location = {HEALTH_PATH} {{ if (-f {folder}/{DOWN}) {{ return 503; }} \
                 return 200 fine; }} \
                 location / {{ return 200 {answer}; }} }} }}\n"
            )
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

    fn from_configuration(
        program: &str,
        configuration: impl Fn(SocketAddr, &str) -> String,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port(Ipv4Addr::LOCALHOST)));
        let file = folder.path().join("conf");
        fs::write(&file, configuration(addr, &folder.path().to_string_lossy())).unwrap();
        let mut command = Command::new(format!("/usr/sbin/{program}"));
        match program {
            "nginx" => command.arg("-p").arg(folder.path()).arg("-c").arg(&file),
            _ => command.arg("-db").arg("-f").arg(&file),
        };
        Self::spawn(command, addr, folder)
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
