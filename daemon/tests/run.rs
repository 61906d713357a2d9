//! The built binary: the quickstart from its start to its end, and every way not to start.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    io::Read,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
};

#[path = "run/dns.rs"]
mod dns;

/// Long enough for a busy machine; not a promise.
const PATIENCE: Duration = Duration::from_secs(20);
/// The promise is 200 ms, on a machine that does nothing else; tests share theirs.
const START_MAX: Duration = Duration::from_millis(2000);
/// The promise: an idle daemon's resident memory.
const RESIDENT_KIB_MAX: u64 = 30 * 1024;

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a test measures real time")]
    Instant::now()
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

fn postern(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_postern"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The quickstart on addresses of this process alone, with ports of the kernel's choice.
fn quickstart(folder: &Path, test: u32) -> PathBuf {
    let text = fs::read_to_string(deploy().join("quickstart.toml")).unwrap();
    let (provider, consumer) = networks(test);
    let text = text
        .replace(":4600", ":0")
        .replace(":5300", ":0")
        .replace(":9600", ":0")
        .replace("127.1.", &format!("{consumer}."))
        .replace("127.0.", &format!("{provider}."))
        .replace("../var/quickstart", "state");
    let path = folder.join("quickstart.toml");
    fs::write(&path, text).unwrap();
    path
}

/// Two loopback networks for a test, which another process is unlikely to use.
fn networks(test: u32) -> (String, String) {
    let first = 20 + std::process::id() % 50 * 4 + test * 2;
    (format!("127.{first}"), format!("127.{}", first + 1))
}

/// A running gateway; killed when dropped.
struct Gateway {
    child: Child,
    state: PathBuf,
    started_in: Duration,
}

impl Gateway {
    fn start(config: &Path) -> Self {
        let state = config.parent().unwrap().join("state");
        let started = now();
        let log = fs::File::create(config.with_extension("log")).unwrap();
        let summary = fs::File::create(config.with_extension("out")).unwrap();
        let mut child = postern(&["run", "--config", config.to_str().unwrap()])
            .stdout(summary)
            .stderr(log)
            .spawn()
            .unwrap();
        let listening = state.join("listening.json");
        while !listening.exists() {
            if let Some(status) = child.try_wait().unwrap() {
                let log = fs::read_to_string(config.with_extension("log")).unwrap();
                panic!("postern ended at its start, {status}:\n{log}");
            }
            assert!(started.elapsed() < PATIENCE, "not ready in time");
            std::thread::sleep(Duration::from_millis(1));
        }
        Self { child, state, started_in: started.elapsed() }
    }

    fn listening(&self, what: &str) -> SocketAddr {
        let text = fs::read_to_string(self.state.join("listening.json")).unwrap();
        let json: Value = serde_json::from_str(&text).unwrap();
        json[what].as_str().unwrap().parse().unwrap()
    }

    fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    fn wait(mut self) -> ExitStatus {
        let started = now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "did not stop in time");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs to the end, which must come.
fn finish(mut command: Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let started = now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("did not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

async fn get(addr: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// How many addresses a name has.
async fn addresses(dns: SocketAddr, name: &str) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00".to_vec();
    for label in name.split('.') {
        question.push(u8::try_from(label.len()).unwrap());
        question.extend(label.as_bytes());
    }
    question.extend(b"\x00\x00\x01\x00\x01");
    socket.send_to(&question, dns).await.unwrap();
    let mut answer = [0; 1500];
    let received = tokio::time::timeout(PATIENCE, socket.recv(&mut answer)).await;
    assert!(received.unwrap().unwrap() > 12);
    assert_eq!(answer[3] & 0x0f, 0, "the name exists");
    u16::from_be_bytes([answer[6], answer[7]])
}

#[tokio::test]
async fn the_quickstart_runs_from_start_to_end_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = quickstart(folder.path(), 0);
    let first = Gateway::start(&config);
    println!("ready in {:?}, {} KiB resident", first.started_in, first.resident_kib());
    assert!(first.started_in < START_MAX, "{:?}", first.started_in);
    let id = serves(&first, &config).await;
    let access = access_lines(&config, 2);
    assert!(access.iter().all(|line| line["fields"]["endpoint"] == *id), "{access:?}");
    first.signal(Signal::INT);
    let state = first.state.clone();
    assert!(first.wait().success(), "Ctrl-C is a clean end");
    assert!(!state.join("listening.json").exists());

    let second = Gateway::start(&config);
    println!("again in {:?}", second.started_in);
    assert_eq!(serves(&second, &config).await, id, "the state is kept");
    second.signal(Signal::TERM);
    assert!(second.wait().success());
}

/// Checks that all of the quickstart works; returns the endpoint's id.
async fn serves(gateway: &Gateway, config: &Path) -> String {
    let admin = gateway.listening("admin");
    assert_eq!(get(admin, "/readyz").await.0, 200);
    assert_eq!(get(admin, "/livez").await.0, 200);
    assert_eq!(get(admin, "/").await.0, 404);
    let snapshot: Value = serde_json::from_str(&get(admin, "/snapshot").await.1).unwrap();
    let endpoints = snapshot["endpoints"].as_object().unwrap();
    assert_eq!(endpoints.len(), 1);
    let (id, endpoint) = endpoints.iter().next().unwrap();
    assert_eq!(endpoint["state"], "available");
    let consumer = networks(0).1;
    for (zone, target) in [(1, "whoami-a"), (2, "whoami-b")] {
        let addr = format!("{consumer}.{zone}.4:8080");
        let (status, body) = get(addr.parse().unwrap(), "/hello").await;
        let seen: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 200);
        assert_eq!(seen["endpoint_id"], *id);
        assert_eq!(seen["endpoint_address"], addr);
        assert_eq!(seen["target"], target, "each zone has its own");
        assert_eq!(seen["path"], "/hello");
    }
    let name = endpoint["regional_name"].as_str().unwrap();
    assert_eq!(addresses(gateway.listening("dns"), name).await, 2);
    let summary = fs::read_to_string(config.with_extension("out")).unwrap();
    for part in [id, name, "dig @", "curl http://", "aws ec2 describe-vpc-endpoints"] {
        assert!(summary.contains(part), "{part} in {summary}");
    }
    let resident = gateway.resident_kib();
    assert!(resident <= RESIDENT_KIB_MAX, "{resident} KiB");
    every_number_has_help(&get(admin, "/metrics").await.1);
    id.clone()
}

/// The access lines, once there are so many: a connection's end is logged after its client sees it.
fn access_lines(config: &Path, count: usize) -> Vec<Value> {
    let started = now();
    loop {
        let log = fs::read_to_string(config.with_extension("log")).unwrap();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let access: Vec<_> = lines.filter(|line| line["target"] == "access").collect();
        if access.len() == count {
            return access;
        }
        assert!(started.elapsed() < PATIENCE, "{count} access lines are missing: {log}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn every_number_has_help(numbers: &str) {
    for expected in ["process_resident_memory_bytes", "postern_snapshot_generation"] {
        assert!(numbers.contains(expected), "{expected}");
    }
    let types = numbers.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    for name in types.filter_map(|rest| rest.split(' ').next()) {
        assert!(numbers.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
}

#[tokio::test]
async fn the_first_signal_lets_connections_end_and_the_second_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = quickstart(folder.path(), 1);
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("drain_timeout = \"10s\"", "drain_timeout = \"1h\"")).unwrap();
    let gateway = Gateway::start(&config);
    let addr = format!("{}.1.4:8080", networks(1).1);
    let mut open = TcpStream::connect(addr).await.unwrap();
    let request = b"GET /one HTTP/1.1\r\nHost: test\r\n\r\n";
    open.write_all(request).await.unwrap();
    assert_ne!(open.read(&mut [0; 4096]).await.unwrap(), 0);
    let admin = gateway.listening("admin");
    gateway.signal(Signal::TERM);
    while get(admin, "/readyz").await.0 == 200 {}
    open.write_all(request).await.unwrap();
    assert_ne!(open.read(&mut [0; 4096]).await.unwrap(), 0, "it goes on");
    gateway.signal(Signal::TERM);
    assert!(!gateway.wait().success());
}

/// A configuration without any resources.
fn plain(folder: &Path, api: &str) -> PathBuf {
    let text = format!(
        "region = \"us-east-1\"\nstate_dir = \"state\"\n\
         [listen]\napi = \"{api}\"\ndns = \"127.0.0.1:0\"\nadmin = \"127.0.0.1:0\"\n\
         [[zones]]\nname = \"us-east-1a\"\nid = \"use1-az1\"\n\
         [[accounts]]\nid = \"111111111111\"\nkeys = []\n"
    );
    let path = folder.join("postern.toml");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn starting_it_twice_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let config = plain(folder.path(), "127.0.0.1:0");
    let gateway = Gateway::start(&config);
    let second = finish(postern(&["run", "--config", config.to_str().unwrap()]));
    assert!(!second.status.success());
    let message = String::from_utf8(second.stderr).unwrap();
    let id = gateway.child.id();
    assert!(message.contains(&format!("another postern (process {id}) is running")), "{message}");
    assert!(message.contains("--state-dir"), "{message}");
    assert!(gateway.state.join("listening.json").exists(), "the first one is not disturbed");
}

#[test]
fn a_taken_address_is_named_with_its_setting() {
    let (first_folder, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Gateway::start(&plain(first_folder.path(), "127.0.0.1:0"));
    for (setting, what) in [("api", "listen.api"), ("dns", "listen.dns"), ("admin", "listen.admin")]
    {
        let taken = first.listening(setting);
        let config = plain(folder.path(), "127.0.0.1:0");
        let text = fs::read_to_string(&config).unwrap();
        let free = format!("{setting} = \"127.0.0.1:0\"");
        fs::write(&config, text.replace(&free, &format!("{setting} = \"{taken}\""))).unwrap();
        let output = finish(postern(&["run", "--config", config.to_str().unwrap()]));
        assert!(!output.status.success(), "{setting}");
        let message = String::from_utf8(output.stderr).unwrap();
        let line = message.lines().find(|line| line.starts_with("postern: ")).unwrap();
        for part in [what, &taken.to_string(), "another process has it", "port 0"] {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert_eq!(line.matches("Address already in use").count(), 1, "{line}");
    }
}

#[test]
fn check_reports_all_mistakes_and_run_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = plain(folder.path(), "nowhere");
    let text = fs::read_to_string(&config).unwrap().replace("us-east-1\"", "US\"");
    fs::write(&config, text).unwrap();
    for command in ["check", "run"] {
        let output = finish(postern(&[command, "--config", config.to_str().unwrap()]));
        assert!(!output.status.success());
        let message = String::from_utf8(output.stderr).unwrap();
        let path = config.display();
        assert!(message.contains(&format!("{path}:1: `region`")), "{message}");
        assert!(message.contains(&format!("{path}:4: `listen.api`")), "{message}");
        assert!(message.contains("has 2 mistakes"), "{message}");
    }
}

#[test]
fn every_sample_configuration_is_well_formed() {
    let mut samples = 0;
    for entry in fs::read_dir(deploy()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let output = finish(postern(&["check", "--config", path.to_str().unwrap()]));
            let message = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{message}");
            samples += 1;
        }
    }
    assert!(samples > 0);
}

#[test]
fn the_target_says_where_it_listens_and_stops_on_ctrl_c() {
    let mut command = postern(&["target", "--listen", "127.0.0.1:0", "--mode", "echo"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = [0; 64];
    let length = child.stdout.as_mut().unwrap().read(&mut line).unwrap();
    let line = std::str::from_utf8(&line[..length]).unwrap();
    let addr: SocketAddr = line.trim().strip_prefix("listening on ").unwrap().parse().unwrap();
    assert_ne!(addr.port(), 0);
    let id = i32::try_from(child.id()).unwrap();
    kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
    assert!(child.wait().unwrap().success());
}
