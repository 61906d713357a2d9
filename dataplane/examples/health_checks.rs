//! What health checks cost: 1,000 targets at 5 s each, by TCP, HTTP and HTTPS, all on loopback.
//!
//! Prints how much of a core the data plane's threads and the runtime of its checks take, and how
//! evenly the checks come. The targets' own threads are left out; but on loopback the kernel works
//! for both ends in whichever thread sends, so its part is that of two machines.
//! Run it as `cargo run -p dataplane --example health_checks -- [SECONDS]`.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program to be read by people")]
#![expect(clippy::disallowed_methods, reason = "targets block, and this reads the clock")]

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use dataplane::{Config, Plane};
use model::{
    Clock, Generation, Health, HealthCheck, HttpQuestion, Listener, ListenerId, LoadBalancer,
    LoadBalancerId, Matcher, Protocol, Question, Snapshot, Target, TargetAddr, TargetGroup,
    TargetGroupId, TargetHealth, Timestamp,
};
use tokio::sync::watch;

const TARGETS: u16 = 1_000;
const INTERVAL: Duration = Duration::from_secs(5);
/// Threads that play the targets.
const SERVERS: usize = 8;
/// The kernel counts a thread's time in these (`USER_HZ`).
const TICKS_PER_S: f64 = 100.0;

struct StdClock;

impl Clock for StdClock {
    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }
}

fn main() {
    let seconds = std::env::args().nth(1).map_or(30, |it| it.parse().unwrap());
    let page = || HttpQuestion { path: "/health".into(), matcher: Matcher::default() };
    for (name, question) in [
        ("tcp", Question::Connect),
        ("http", Question::Http(page())),
        ("https", Question::Https(page())),
    ] {
        measure(name, question, Duration::from_secs(seconds));
    }
}

fn measure(name: &str, question: Question, span: Duration) {
    let checks = Arc::new(AtomicU64::new(0));
    let port = serve(&question, &checks);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("checks")
        .enable_all()
        .build()
        .unwrap();
    let empty = Snapshot::empty("us-east-1".parse().unwrap());
    let (sender, health) = watch::channel(Arc::new(Health::default()));
    let (snapshots, receiver) = watch::channel(Arc::new(empty));
    let config = Config { workers: 1.try_into().unwrap(), ..Config::default() };
    let clock = Arc::new(StdClock);
    let handle = runtime.handle().clone();
    let plane = Plane::start(config, clock, receiver, sender, handle).unwrap();
    snapshots.send(Arc::new(snapshot(question, port))).unwrap();
    let healthy = || {
        let health = health.borrow();
        health.targets.values().filter(|it| **it == TargetHealth::Healthy).count()
    };
    while healthy() < usize::from(TARGETS) {
        thread::sleep(Duration::from_millis(10));
    }
    // The first checks come at once; from the second interval on they keep their phases.
    thread::sleep(INTERVAL);
    let (cpu, before, start) = (cpu(), checks.load(Ordering::Relaxed), Instant::now());
    let mut busiest = 0;
    while start.elapsed() < span {
        let second = checks.load(Ordering::Relaxed);
        thread::sleep(Duration::from_millis(100));
        busiest = busiest.max(checks.load(Ordering::Relaxed) - second);
    }
    let elapsed = start.elapsed().as_secs_f64();
    let [user, system] = self::cpu().map(|used| used / elapsed * 100.0);
    let [user, system] = [user - cpu[0] / elapsed * 100.0, system - cpu[1] / elapsed * 100.0];
    let made = checks.load(Ordering::Relaxed) - before;
    println!(
        "{name}: {:.2} % of a core ({user:.2} % ours, {system:.2} % the \
         kernel's), {made} checks in {elapsed:.1} s, at most {busiest} in 0.1 s; \
         {} of {TARGETS} healthy",
        user + system,
        healthy()
    );
    drop(plane);
}

fn snapshot(question: Question, port: u16) -> Snapshot {
    let group = TargetGroupId::from_bits(1);
    let (listener, balancer) = (ListenerId::from_bits(1), LoadBalancerId::from_bits(1));
    let balancer = LoadBalancer {
        listeners: vec![Listener::new(listener, 443.try_into().unwrap(), group)],
        ..LoadBalancer::new(balancer, ["a".parse().unwrap()])
    };
    let target = |n: u16| {
        let [high, low] = n.to_be_bytes();
        let addr = SocketAddr::from((Ipv4Addr::new(127, 99, high, low), port));
        Target { addr: TargetAddr(addr), zone: None, draining: false }
    };
    let group = TargetGroup {
        health_check: HealthCheck { question, interval: INTERVAL, ..HealthCheck::default() },
        targets: (0..TARGETS).map(target).collect(),
        ..TargetGroup::new(group, Protocol::Tcp)
    };
    let mut snapshot = Snapshot::empty("us-east-1".parse().unwrap());
    snapshot.generation = Generation(1);
    snapshot.load_balancers.insert(balancer.id, Arc::new(balancer));
    snapshot.target_groups.insert(group.id, Arc::new(group));
    snapshot
}

/// Plays all targets on one port; gives the port.
fn serve(question: &Question, checks: &Arc<AtomicU64>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let tls = matches!(question, Question::Https(_)).then(tls);
    let speaks = !matches!(question, Question::Connect);
    for _ in 0..SERVERS {
        let (listener, checks) = (listener.try_clone().unwrap(), Arc::clone(checks));
        let tls = tls.clone();
        let serve = move || {
            for mut stream in listener.incoming().flatten() {
                checks.fetch_add(1, Ordering::Relaxed);
                match &tls {
                    _ if !speaks => {}
                    None => answer(&mut stream),
                    Some(tls) => {
                        let tls = rustls::ServerConnection::new(Arc::clone(tls)).unwrap();
                        let mut stream = rustls::StreamOwned::new(tls, stream);
                        answer(&mut stream);
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                }
            }
        };
        thread::Builder::new().name("target".to_owned()).spawn(serve).unwrap();
    }
    port
}

fn answer(stream: &mut (impl std::io::Read + std::io::Write)) {
    let mut request = [0; 1024];
    let _ = stream.read(&mut request);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
}

fn tls() -> Arc<rustls::ServerConfig> {
    let made = rcgen::generate_simple_self_signed(["target.test".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}

/// Seconds of CPU that all threads but the targets' have used, in user and in system mode.
fn cpu() -> [f64; 2] {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let used = tasks.filter_map(|task| {
        let stat = fs::read_to_string(task.path().join("stat")).ok()?;
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let ticks = |field: usize| rest.split_whitespace().nth(field)?.parse::<f64>().ok();
        // Fields 14 and 15, user and system time; the third is the first after the name.
        (name != "target").then(|| Some([ticks(11)? / TICKS_PER_S, ticks(12)? / TICKS_PER_S]))?
    });
    used.fold([0.0, 0.0], |sum, used| [sum[0] + used[0], sum[1] + used[1]])
}
