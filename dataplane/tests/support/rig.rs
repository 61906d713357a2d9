//! The rig: a data plane in this process, endpoints and targets on loopback addresses of their own.
//!
//! Each address is used once, so tests run side by side; probes go to a port of their own, so a
//! target's accept queue holds clients only.
#![expect(clippy::disallowed_methods, reason = "tests block, and read the clock to stop waiting")]
#![allow(dead_code, reason = "each test file uses its part of the rig")]

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    num::NonZeroU16,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use dataplane::{Config, Plane};
use dataplane_core::proxy_header::{Parsed, ReceivedHeader, parse};
use model::{
    Binding, Clock, Endpoint, EndpointState, Generation, Health, HealthCheck, Interface, Listener,
    LoadBalancer, LoadBalancerId, Protocol, Snapshot, Target, TargetAddr, TargetGroup,
    TargetGroupId, TargetHealth, Timestamp, VpcEndpointId, ZoneId,
};
use tokio::{runtime::Runtime, sync::watch};

/// Waits end in failure after this long; a busy machine needs less.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const DATA_PORT: u16 = 7001;
const HEALTH_PORT: u16 = 7002;
/// The port that clients dial.
pub(crate) const SERVICE_PORT: u16 = 7000;

/// A loopback address that nobody else uses.
pub(crate) fn fresh_ip() -> Ipv4Addr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let host = NEXT.fetch_add(1, Ordering::Relaxed);
    assert_ne!(host, 255, "too many addresses in one test process");
    Ipv4Addr::new(127, low.clamp(2, 254), high ^ middle, host)
}

/// Waits until the condition holds.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[derive(Debug)]
struct StdClock;

impl Clock for StdClock {
    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// A target: a port for clients, and one that answers probes while it is healthy.
pub(crate) struct Upstream {
    ip: Ipv4Addr,
    listener: Option<TcpListener>,
    health: Option<TcpListener>,
}

impl Upstream {
    pub(crate) fn start() -> Self {
        let mut new = Self { ip: fresh_ip(), listener: None, health: None };
        new.listen();
        new.recover();
        new
    }

    /// One that refuses clients and probes.
    pub(crate) fn dead() -> Self {
        Self { ip: fresh_ip(), listener: None, health: None }
    }

    pub(crate) fn addr(&self) -> TargetAddr {
        TargetAddr((self.ip, DATA_PORT).into())
    }

    pub(crate) fn listen(&mut self) {
        self.listener = Some(TcpListener::bind((self.ip, DATA_PORT)).unwrap());
    }

    pub(crate) fn recover(&mut self) {
        self.health = Some(TcpListener::bind((self.ip, HEALTH_PORT)).unwrap());
    }

    /// Refuses probes from now on; clients are still taken.
    pub(crate) fn sicken(&mut self) {
        self.health = None;
    }

    /// Refuses clients from now on.
    pub(crate) fn close(&mut self) {
        self.listener = None;
    }

    pub(crate) fn accept(&self) -> TcpStream {
        let (stream, _) = self.listener.as_ref().unwrap().accept().unwrap();
        patient(stream)
    }

    /// Where clients come, for whoever serves them.
    pub(crate) fn listener(&self) -> TcpListener {
        self.listener.as_ref().unwrap().try_clone().unwrap()
    }

    /// Whether a client is waiting to be accepted.
    pub(crate) fn try_accept(&self) -> Option<TcpStream> {
        let listener = self.listener.as_ref().unwrap();
        listener.set_nonblocking(true).unwrap();
        let accepted = listener.accept().ok();
        listener.set_nonblocking(false).unwrap();
        accepted.map(|(stream, _)| {
            stream.set_nonblocking(false).unwrap();
            patient(stream)
        })
    }

    /// Answers every client with what it sends, until the process ends.
    pub(crate) fn echo(&self) {
        let listener = self.listener.as_ref().unwrap().try_clone().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || {
                    let (mut from, mut to) = (stream.try_clone().unwrap(), stream);
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        });
    }
}

pub(crate) fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Closes a connection with a reset.
pub(crate) fn reset(stream: TcpStream) {
    let socket = socket2::Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

pub(crate) fn read_exactly(stream: &mut TcpStream, bytes: usize) -> Vec<u8> {
    let mut buffer = vec![0; bytes];
    stream.read_exact(&mut buffer).unwrap();
    buffer
}

pub(crate) fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

/// Sends noise to a target that sends it back, and asserts that it does, to the end.
pub(crate) fn assert_echoed(addr: SocketAddr, seed: u64, bytes: usize) {
    let sent = noise(seed, bytes);
    let mut stream = connect(addr);
    let mut writer = stream.try_clone().unwrap();
    let copy = sent.clone();
    let writing = thread::spawn(move || {
        writer.write_all(&copy).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    assert!(read_to_end(&mut stream) == sent, "{bytes} bytes");
    writing.join().unwrap();
}

/// Reads the header in one call, as the strictest receivers do, and what came with it.
pub(crate) fn read_header(stream: &mut TcpStream) -> (ReceivedHeader, Vec<u8>) {
    let mut buffer = [0; 4096];
    let n = stream.read(&mut buffer).unwrap();
    let Ok(Parsed::Header(header)) = parse(&buffer[..n]) else {
        panic!("no whole header first: {:?}", &buffer[..n]);
    };
    (header, buffer[header.length..n].to_vec())
}

/// Asserts that the peer resets, or has reset, the connection.
pub(crate) fn assert_reset(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => panic!("closed, not reset"),
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
                return;
            }
        }
    }
}

/// Sends a byte both ways through a connection.
pub(crate) fn assert_alive(client: &mut TcpStream, target: &mut TcpStream) {
    client.write_all(b"?").unwrap();
    assert_eq!(read_exactly(target, 1), b"?");
    target.write_all(b"!").unwrap();
    assert_eq!(read_exactly(client, 1), b"!");
}

/// Pseudo-random bytes that are equal for equal seeds.
pub(crate) fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut all = vec![0; bytes];
    random.fill(&mut all);
    all
}

pub(crate) fn zone(name: &str) -> ZoneId {
    name.parse().unwrap()
}

/// What is to be served, to be changed and published.
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
}

pub(crate) const GROUP: TargetGroupId = TargetGroupId::from_bits(1);
pub(crate) const BALANCER: LoadBalancerId = LoadBalancerId::from_bits(1);

impl World {
    /// One load balancer in zones a and b with one listener and one group, and no endpoint.
    pub(crate) fn new(targets: &[(&Upstream, &str)]) -> Self {
        let mut snapshot = Snapshot::empty("us-east-1".parse().unwrap());
        let port = NonZeroU16::new(SERVICE_PORT).unwrap();
        let balancer = LoadBalancer {
            listeners: vec![Listener::new(model::ListenerId::from_bits(1), port, GROUP)],
            ..LoadBalancer::new(BALANCER, [zone("a"), zone("b")])
        };
        snapshot.load_balancers.insert(BALANCER, Arc::new(balancer));
        let group = TargetGroup {
            health_check: HealthCheck {
                port: NonZeroU16::new(HEALTH_PORT),
                interval: Duration::from_millis(50),
                timeout: Duration::from_secs(2),
                healthy_threshold: 2,
                unhealthy_threshold: 2,
                ..HealthCheck::default()
            },
            ..TargetGroup::new(GROUP, Protocol::Tcp)
        };
        snapshot.target_groups.insert(GROUP, Arc::new(group));
        let mut world = Self { snapshot };
        for (upstream, zone) in targets {
            world.register(upstream, zone);
        }
        world
    }

    pub(crate) fn register(&mut self, upstream: &Upstream, in_zone: &str) {
        let target = Target { addr: upstream.addr(), zone: Some(zone(in_zone)), draining: false };
        self.group().targets.push(target);
    }

    pub(crate) fn group(&mut self) -> &mut TargetGroup {
        Arc::make_mut(self.snapshot.target_groups.get_mut(&GROUP).unwrap())
    }

    pub(crate) fn balancer(&mut self) -> &mut LoadBalancer {
        Arc::make_mut(self.snapshot.load_balancers.get_mut(&BALANCER).unwrap())
    }

    /// Adds an endpoint with one interface, at this address.
    pub(crate) fn add_endpoint(&mut self, number: u128, ip: Ipv4Addr, in_zone: &str) -> SocketAddr {
        let id = VpcEndpointId::from_bits(number);
        let name: model::DnsName = "name.example".parse().unwrap();
        let interface = Interface {
            id: model::InterfaceId::from_bits(number),
            subnet: model::SubnetId::from_bits(1),
            zone: zone(in_zone),
            zonal_name: name.clone(),
            ipv4: Some(ip),
            ipv6: None,
            load_balancer: BALANCER,
        };
        let endpoint = Endpoint {
            id,
            owner: "222222222222".parse().unwrap(),
            vpc: model::VpcId::from_bits(1),
            service: model::ServiceId::from_bits(1),
            state: EndpointState::Pending,
            regional_name: name,
            private_dns_names: Vec::new(),
            dns_record_ip_type: model::DnsRecordIpType::Ipv4,
            limits: model::EndpointLimits::default(),
            interfaces: vec![interface],
        };
        self.snapshot.endpoints.insert(id, Arc::new(endpoint));
        (IpAddr::V4(ip), SERVICE_PORT).into()
    }

    pub(crate) fn remove_endpoint(&mut self, number: u128) {
        self.snapshot.endpoints.remove(&VpcEndpointId::from_bits(number));
    }
}

/// A running data plane.
pub(crate) struct Rig {
    pub(crate) plane: Option<Plane>,
    pub(crate) world: World,
    snapshots: watch::Sender<Arc<Snapshot>>,
    health: watch::Receiver<Arc<Health>>,
    runtime: Runtime,
}

impl Rig {
    pub(crate) fn start(world: World) -> Self {
        Self::with(world, |_| {})
    }

    pub(crate) fn with(world: World, adjust: impl FnOnce(&mut Config)) -> Self {
        Self::with_clock(world, adjust, Arc::new(StdClock))
    }

    pub(crate) fn with_clock(
        world: World,
        adjust: impl FnOnce(&mut Config),
        clock: Arc<dyn Clock>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let empty = Snapshot::empty("us-east-1".parse().unwrap());
        let (snapshots, receiver) = watch::channel(Arc::new(empty));
        let (sender, health) = watch::channel(Arc::new(Health::default()));
        let mut config = Config { workers: 2.try_into().unwrap(), ..Config::default() };
        adjust(&mut config);
        let handle = runtime.handle().clone();
        let plane = Plane::start(config, clock, receiver, sender, handle).unwrap();
        let mut rig = Self { plane: Some(plane), world, snapshots, health, runtime };
        rig.publish();
        rig
    }

    /// Publishes the world, and waits until all of it was tried.
    pub(crate) fn publish(&mut self) {
        let generation = Generation(self.world.snapshot.generation.0 + 1);
        self.world.snapshot.generation = generation;
        self.snapshots.send(Arc::new(self.world.snapshot.clone())).unwrap();
        wait_until("the snapshot is in force", || self.health().generation == generation);
    }

    /// Sends a snapshot as it is, and waits for nothing.
    pub(crate) fn publish_as_is(&self, snapshot: Snapshot) {
        self.snapshots.send(Arc::new(snapshot)).unwrap();
    }

    pub(crate) fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health.borrow())
    }

    pub(crate) fn binding(&self, number: u128) -> Option<Binding> {
        self.health().bindings.get(&VpcEndpointId::from_bits(number)).cloned()
    }

    pub(crate) fn target_health(&self, upstream: &Upstream) -> Option<TargetHealth> {
        self.health().targets.get(&(GROUP, upstream.addr())).copied()
    }

    pub(crate) fn wait_for_healthy(&self, upstreams: &[&Upstream]) {
        wait_until("targets are healthy", || {
            upstreams.iter().all(|u| self.target_health(u) == Some(TargetHealth::Healthy))
        });
    }

    /// Drains in the background; the receiver hears when it is done.
    pub(crate) fn drain(&mut self, within: Duration) -> std::sync::mpsc::Receiver<()> {
        let plane = self.plane.take().unwrap();
        let (done, receiver) = std::sync::mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            plane.drain(Instant::now() + within).await;
            let _ = done.send(());
        });
        receiver
    }
}

/// One endpoint in zone a, one healthy target there.
pub(crate) fn simple(adjust: impl FnOnce(&mut World)) -> (Rig, Upstream, SocketAddr) {
    simple_with(adjust, |_| {})
}

/// The same, with other settings.
pub(crate) fn simple_with(
    adjust: impl FnOnce(&mut World),
    settings: impl FnOnce(&mut Config),
) -> (Rig, Upstream, SocketAddr) {
    let upstream = Upstream::start();
    let mut world = World::new(&[(&upstream, "a")]);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    adjust(&mut world);
    let rig = Rig::with(world, settings);
    rig.wait_for_healthy(&[&upstream]);
    (rig, upstream, addr)
}

pub(crate) fn connect(addr: SocketAddr) -> TcpStream {
    patient(TcpStream::connect(addr).unwrap())
}

/// The same of an address where a reset may come before the call returns.
pub(crate) fn try_connect(addr: SocketAddr) -> Option<TcpStream> {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset};
    match TcpStream::connect(addr) {
        Ok(client) => Some(patient(client)),
        Err(error) => {
            assert!(matches!(error.kind(), ConnectionAborted | ConnectionReset), "{error}");
            None
        }
    }
}

/// Asserts that a connection is reset without a byte having been sent.
pub(crate) fn assert_refused(addr: SocketAddr) {
    if let Some(mut client) = try_connect(addr) {
        assert_reset(&mut client);
    }
}
