//! Health checks over HTTP and HTTPS, states, thresholds, and what clients' connections tell.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests block, and read the clock to stop waiting")]

#[path = "support/rig.rs"]
mod rig;

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use dataplane_core::proxy_header;
use model::{
    HttpQuestion, Matcher, MinimumHealthy, Question, Target, TargetAddr, TargetHealth,
    UnhealthyReason,
};
use rig::{
    GROUP, Rig, SERVICE_PORT, Upstream, World, assert_alive, assert_reset, connect, fresh_ip,
    patient, simple, wait_until,
};

/// A web server whose health page has a code that can be changed.
struct Site {
    addr: SocketAddr,
    code: Arc<AtomicU16>,
    /// The last request, with whatever came before it.
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Site {
    fn start() -> Self {
        Self::serving(|stream, answer| answer(&mut { stream }))
    }

    /// The same over TLS, with a certificate that nobody knows.
    fn start_tls() -> Self {
        let made = rcgen::generate_simple_self_signed(["elsewhere.test".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.unwrap())
            .unwrap();
        let config = Arc::new(config);
        Self::serving(move |stream, answer| {
            let tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(tls, stream);
            answer(&mut stream);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        })
    }

    fn serving(serve: impl Fn(TcpStream, &dyn Fn(&mut dyn ReadWrite)) + Send + 'static) -> Self {
        let listener = TcpListener::bind((fresh_ip(), 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let code = Arc::new(AtomicU16::new(200));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let site = Self { addr, code: Arc::clone(&code), heard: Arc::clone(&heard) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(patient(stream), &|stream| {
                    let request = read_request(stream);
                    *heard.lock().unwrap() = request;
                    let code = code.load(Ordering::Relaxed);
                    let _ = write!(stream, "HTTP/1.1 {code} Whatever\r\n\r\nbody");
                });
            }
        });
        site
    }

    fn answer(&self, code: u16) {
        self.code.store(code, Ordering::Relaxed);
    }

    fn health(&self, rig: &Rig) -> Option<TargetHealth> {
        rig.health().targets.get(&(GROUP, TargetAddr(self.addr))).copied()
    }

    fn wait_for(&self, rig: &Rig, health: TargetHealth) {
        wait_until(&format!("it is {health:?}"), || self.health(rig) == Some(health));
    }
}

/// Reads a request up to its empty line, and a header of command LOCAL before it.
fn read_request(stream: &mut dyn ReadWrite) -> Vec<u8> {
    const START: &[u8] = b"\r\n\r\n";
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(START) || request.len() == START.len() {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            break;
        }
        request.push(byte[0]);
        // So begins the PROXY protocol's signature.
        if request == START {
            let mut rest = vec![0; proxy_header::local().len() - START.len()];
            stream.read_exact(&mut rest).unwrap();
            request.extend(rest);
        }
    }
    request
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

/// A plane with one endpoint, whose group has these sites as targets in zone a and asks this.
fn asking(sites: &[&Site], question: Question, adjust: impl FnOnce(&mut World)) -> Rig {
    let mut world = World::new(&[]);
    world.add_endpoint(1, fresh_ip(), "a");
    let group = world.group();
    group.health_check.port = None;
    group.health_check.question = question;
    for site in sites {
        let zone = Some(rig::zone("a"));
        group.targets.push(Target { addr: TargetAddr(site.addr), zone, draining: false });
    }
    adjust(&mut world);
    Rig::start(world)
}

fn page(path: &str) -> HttpQuestion {
    HttpQuestion { path: path.into(), matcher: Matcher(vec![200..=299, 404..=404]) }
}

fn mismatch(code: u16) -> TargetHealth {
    TargetHealth::Unhealthy(UnhealthyReason::ResponseCodeMismatch(code))
}

#[test]
fn an_http_check_asks_a_path_and_wants_a_code() {
    let site = Site::start();
    let rig = asking(&[&site], Question::Http(page("/health")), |_| {});
    site.wait_for(&rig, TargetHealth::Healthy);
    let heard = String::from_utf8(site.heard.lock().unwrap().clone()).unwrap();
    assert!(heard.starts_with("GET /health HTTP/1.1\r\n"), "{heard}");
    // The probe's own address and the listener's port.
    assert!(heard.contains(&format!("Host: 127.0.0.1:{SERVICE_PORT}\r\n")), "{heard}");
    assert!(heard.contains("Connection: close\r\n"), "{heard}");
    site.answer(503);
    site.wait_for(&rig, mismatch(503));
    site.answer(500);
    site.wait_for(&rig, mismatch(500));
    site.answer(404);
    site.wait_for(&rig, TargetHealth::Healthy);
}

#[test]
fn an_https_check_looks_at_no_certificate() {
    let site = Site::start_tls();
    let rig = asking(&[&site], Question::Https(page("/")), |_| {});
    site.wait_for(&rig, TargetHealth::Healthy);
    site.answer(302);
    site.wait_for(&rig, mismatch(302));
    // One that speaks no TLS has failed.
    let plain = TcpListener::bind((fresh_ip(), 0)).unwrap();
    let addr = TargetAddr(plain.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in plain.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let rig = asking(&[], Question::Https(page("/")), |world| {
        world.group().targets.push(Target { addr, zone: None, draining: false });
    });
    let failed = TargetHealth::Unhealthy(UnhealthyReason::FailedHealthChecks);
    wait_until("it failed", || rig.health().targets.get(&(GROUP, addr)) == Some(&failed));
}

#[test]
fn checks_of_a_group_with_headers_begin_with_local() {
    let site = Site::start();
    let rig = asking(&[&site], Question::Http(page("/")), |world| {
        world.group().proxy_protocol_v2 = true;
    });
    site.wait_for(&rig, TargetHealth::Healthy);
    let heard = site.heard.lock().unwrap().clone();
    let local = proxy_header::local();
    assert_eq!(heard[..local.len()], local[..]);
    assert!(heard[local.len()..].starts_with(b"GET / HTTP/1.1\r\n"));
}

#[test]
fn a_site_that_does_not_answer_times_out() {
    let listener = TcpListener::bind((fresh_ip(), 0)).unwrap();
    let addr = TargetAddr(listener.local_addr().unwrap());
    let rig = asking(&[], Question::Http(page("/")), |world| {
        world.group().health_check.timeout = Duration::from_millis(100);
        world.group().targets.push(Target { addr, zone: None, draining: false });
    });
    let timeout = TargetHealth::Unhealthy(UnhealthyReason::Timeout);
    wait_until("it timed out", || rig.health().targets.get(&(GROUP, addr)) == Some(&timeout));
}

#[test]
fn where_connections_stay_a_target_drains_before_it_is_unhealthy() {
    let (mut first, second) = (Upstream::start(), Upstream::start());
    let mut world = World::new(&[(&first, "a")]);
    world.group().unhealthy_connection_termination = false;
    world.group().unhealthy_draining_interval = Duration::from_millis(600);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    let mut rig = Rig::start(world);
    rig.wait_for_healthy(&[&first]);
    let mut live = (connect(addr), first.accept());
    rig.world.register(&second, "a");
    rig.publish();
    rig.wait_for_healthy(&[&second]);
    first.sicken();
    let draining = TargetHealth::UnhealthyDraining(UnhealthyReason::FailedHealthChecks);
    wait_until("it drains", || rig.target_health(&first) == Some(draining));
    let since = Instant::now();
    for _ in 0..10 {
        assert_alive(&mut connect(addr), &mut second.accept());
    }
    let failed = TargetHealth::Unhealthy(UnhealthyReason::FailedHealthChecks);
    wait_until("it is unhealthy", || rig.target_health(&first) == Some(failed));
    assert!(since.elapsed() > Duration::from_millis(300), "{:?}", since.elapsed());
    assert_alive(&mut live.0, &mut live.1);
    first.recover();
    rig.wait_for_healthy(&[&first]);
    // While it drains, it may be deregistered.
    first.sicken();
    wait_until("it drains again", || rig.target_health(&first) == Some(draining));
    rig.world.group().targets[0].draining = true;
    rig.publish();
    assert_eq!(rig.target_health(&first), Some(TargetHealth::Draining));
    assert_alive(&mut live.0, &mut live.1);
}

#[test]
fn with_too_few_healthy_all_take_connections_and_keep_theirs() {
    let (mut first, second) = (Upstream::start(), Upstream::start());
    let mut world = World::new(&[(&first, "a"), (&second, "a")]);
    world.group().unhealthy_routing = MinimumHealthy { count: Some(1), percentage: Some(60) };
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    let mut rig = Rig::start(world);
    rig.wait_for_healthy(&[&first, &second]);
    let mut live = Vec::new();
    wait_until("the first has a connection", || {
        live.push((connect(addr), None));
        wait_until("it arrives", || {
            let arrived = first.try_accept();
            let is_here = arrived.is_some();
            live.last_mut().unwrap().1 = arrived;
            is_here || second.try_accept().is_some()
        });
        live.last().unwrap().1.is_some()
    });
    let (mut client, target) = live.pop().unwrap();
    let mut target = target.unwrap();
    first.sicken();
    let failed = TargetHealth::Unhealthy(UnhealthyReason::FailedHealthChecks);
    wait_until("it is unhealthy", || rig.target_health(&first) == Some(failed));
    // One of two is less than 60 %, so its end would be for nothing, and it takes new ones.
    assert_alive(&mut client, &mut target);
    wait_until("it takes another", || {
        let _client = connect(addr);
        first.try_accept().is_some()
    });
    rig.world.group().unhealthy_routing = MinimumHealthy::one();
    rig.publish();
    while first.try_accept().is_some() {}
    while second.try_accept().is_some() {}
    for _ in 0..10 {
        assert_alive(&mut connect(addr), &mut second.accept());
    }
}

/// The world of a target that answers probes and refuses clients, beside one that takes them.
fn deceptive(adjust: impl FnOnce(&mut World)) -> (Rig, Upstream, Upstream, SocketAddr) {
    let (mut bad, good) = (Upstream::dead(), Upstream::start());
    bad.recover();
    let mut world = World::new(&[(&bad, "a"), (&good, "a")]);
    world.group().outlier_detection = true;
    // Probes bring it back late, if at all within the test.
    world.group().health_check.healthy_threshold = u8::MAX;
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    adjust(&mut world);
    let rig = Rig::start(world);
    rig.wait_for_healthy(&[&bad, &good]);
    (rig, bad, good, addr)
}

const FAILED: TargetHealth = TargetHealth::Unhealthy(UnhealthyReason::FailedConnections);

#[test]
fn refused_connections_turn_a_target_unhealthy() {
    let (rig, bad, good, addr) = deceptive(|_| {});
    wait_until("it is unhealthy", || {
        assert_alive(&mut connect(addr), &mut good.accept());
        rig.target_health(&bad) == Some(FAILED)
    });
    assert_eq!(rig.target_health(&good), Some(TargetHealth::Healthy));
}

#[test]
fn a_target_that_resets_before_it_says_anything_turns_unhealthy_and_keeps_the_rest() {
    let (mut rig, upstream, addr) = simple(|world| {
        world.group().outlier_detection = true;
        world.group().health_check.healthy_threshold = u8::MAX;
    });
    let other = Upstream::start();
    let mut live = (connect(addr), upstream.accept());
    assert_alive(&mut live.0, &mut live.1);
    // A reset after an answer, or a client's, says nothing against the target.
    for _ in 0..6 {
        let (mut client, mut target) = (connect(addr), upstream.accept());
        assert_alive(&mut client, &mut target);
        rig::reset(target);
        assert_reset(&mut client);
        let (client, mut target) = (connect(addr), upstream.accept());
        rig::reset(client);
        assert_reset(&mut target);
    }
    assert_eq!(rig.target_health(&upstream), Some(TargetHealth::Healthy));
    rig.world.register(&other, "a");
    rig.publish();
    rig.wait_for_healthy(&[&other]);
    other.echo();
    wait_until("it is unhealthy", || {
        let mut client = connect(addr);
        // Only those that arrive here are reset.
        if let Some(target) = arrives_within(&upstream, Duration::from_millis(100)) {
            rig::reset(target);
            assert_reset(&mut client);
        }
        rig.target_health(&upstream) == Some(FAILED)
    });
    assert_alive(&mut live.0, &mut live.1);
}

fn arrives_within(upstream: &Upstream, wait: Duration) -> Option<TcpStream> {
    let start = Instant::now();
    loop {
        let arrived = upstream.try_accept();
        if arrived.is_some() || start.elapsed() > wait {
            return arrived;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn connections_tell_nothing_of_a_group_that_is_sticky_or_does_not_ask() {
    for adjust in
        [(|world: &mut World| world.group().outlier_detection = false) as fn(&mut World), |world| {
            world.group().is_sticky = true
        }]
    {
        let (rig, bad, good, addr) = deceptive(adjust);
        good.echo();
        for n in 1..=40 {
            let mut client = from(Ipv4Addr::new(127, 77, 0, n), addr);
            client.write_all(b"?").unwrap();
            assert_eq!(rig::read_exactly(&mut client, 1), b"?");
        }
        assert_eq!(rig.target_health(&bad), Some(TargetHealth::Healthy));
    }
}

/// Connects from an address.
fn from(client: Ipv4Addr, addr: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((client, 0)).into()).unwrap();
    match socket.connect(&addr.into()) {
        Ok(()) => patient(socket.into()),
        Err(error) => panic!("{:?} {error}", error.kind() == ErrorKind::AddrInUse),
    }
}
