//! A running server, and clients that fail a test rather than hang it.

use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use dns::{Config, Server, StartError, ZoneFiles};
use hickory_proto::op::Message;
use model::{
    Clock, DnsRecordIpType, Endpoint, EndpointState, Generation, Health, Interface, InterfaceId,
    LoadBalancerId, Snapshot, SubnetId, Timestamp, VpcEndpointId, VpcId,
};
use tokio::{runtime::Handle, sync::watch};

/// How long anything may take before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The machine's clock.
pub(crate) struct StdClock;

impl Clock for StdClock {
    fn monotonic(&self) -> Instant {
        now()
    }

    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }
}

#[expect(clippy::disallowed_methods, reason = "tests run in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A server with the two watches that feed it.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) snapshots: watch::Sender<Arc<Snapshot>>,
    pub(crate) health: watch::Sender<Arc<Health>>,
}

impl Running {
    pub(crate) fn start(listen: &str, snapshot: Snapshot) -> Self {
        Self::try_start(listen.parse().unwrap(), snapshot).unwrap()
    }

    pub(crate) fn try_start(listen: SocketAddr, snapshot: Snapshot) -> Result<Self, StartError> {
        Self::start_with(listen, snapshot, ZoneFiles::default())
    }

    pub(crate) fn start_with(
        listen: SocketAddr,
        snapshot: Snapshot,
        files: ZoneFiles,
    ) -> Result<Self, StartError> {
        let config = Config::new(listen, NonZeroUsize::new(2).unwrap());
        Self::start_from(config, snapshot, files)
    }

    pub(crate) fn start_from(
        config: Config,
        snapshot: Snapshot,
        files: ZoneFiles,
    ) -> Result<Self, StartError> {
        let (snapshots, snapshots_seen) = watch::channel(Arc::new(snapshot));
        let (health, health_seen) = watch::channel(Arc::new(Health::default()));
        let clock = Arc::new(StdClock);
        let seen = (snapshots_seen, health_seen);
        Server::start_with_zones(config, files, clock, seen, Handle::current()).map(|server| Self {
            server,
            snapshots,
            health,
        })
    }

    /// The address of the server on this one of the machine's addresses.
    pub(crate) fn at(&self, ip: &str) -> SocketAddr {
        (ip.parse::<IpAddr>().unwrap(), self.server.local_addr().port()).into()
    }
}

/// The Regional name of endpoint `n`.
pub(crate) fn name(n: u16) -> String {
    format!("vpce-{n:017x}-29p5708s.vpce-svc-0e123abc123198abc.us-east-1.vpce.amazonaws.com")
}

/// An endpoint whose three addresses of each family all end in `mark`.
pub(crate) fn endpoint(n: u16, mark: u8) -> Endpoint {
    let interface = |zone: u8| Interface {
        id: InterfaceId::from_bits(u128::from(zone)),
        subnet: SubnetId::from_bits(u128::from(zone)),
        zone: format!("use1-az{zone}").parse().unwrap(),
        zonal_name: name(n).replacen('.', &format!("-us-east-1{zone}."), 1).parse().unwrap(),
        ipv4: Some([10, zone, 0, mark].into()),
        ipv6: Some([0xFD00, zone.into(), 0, 0, 0, 0, 0, mark.into()].into()),
        load_balancer: LoadBalancerId::from_bits(1),
    };
    Endpoint {
        id: VpcEndpointId::from_bits(n.into()),
        owner: "222222222222".parse().unwrap(),
        vpc: VpcId::from_bits(1),
        service: "vpce-svc-0e123abc123198abc".parse().unwrap(),
        state: EndpointState::Available,
        regional_name: name(n).parse().unwrap(),
        private_dns_names: Vec::new(),
        dns_record_ip_type: DnsRecordIpType::Dualstack,
        limits: model::EndpointLimits::default(),
        interfaces: (1..4).map(interface).collect(),
    }
}

/// A snapshot of these endpoints.
pub(crate) fn snapshot(generation: u64, endpoints: impl IntoIterator<Item = Endpoint>) -> Snapshot {
    let mut snapshot = Snapshot::empty("us-east-1".parse().unwrap());
    snapshot.generation = Generation(generation);
    snapshot.endpoints = endpoints.into_iter().map(|e| (e.id, Arc::new(e))).collect();
    snapshot
}

/// The question for a name's A (1), AAAA (28) or other records.
pub(crate) fn question(id: u16, name: &str, qtype: u16) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend(qtype.to_be_bytes());
    bytes.extend([0, 1]);
    bytes
}

/// A client socket on this address.
#[expect(clippy::disallowed_methods, reason = "a blocking client in a thread of its own")]
pub(crate) fn client(ip: &str) -> UdpSocket {
    let socket = UdpSocket::bind((ip, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Asks from a socket; gives the reply and where it came from.
pub(crate) fn ask_from(
    socket: &UdpSocket,
    server: SocketAddr,
    question: &[u8],
) -> (Message, SocketAddr) {
    socket.send_to(question, server).unwrap();
    let mut buffer = [0; 2048];
    let (len, from) = socket.recv_from(&mut buffer).unwrap();
    (Message::from_vec(&buffer[..len]).unwrap(), from)
}

/// Asks, from an address of the server's family, for an endpoint's A records: their texts.
pub(crate) fn addresses(server: SocketAddr, n: u16) -> Vec<String> {
    let ip = if server.is_ipv4() { "127.0.0.1" } else { "::1" };
    let (message, _) = ask_from(&client(ip), server, &question(n, &name(n), 1));
    message.answers.iter().map(|record| record.data.to_string()).collect()
}

/// Waits, asking again and again, until something is so.
pub(crate) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = now() + PATIENCE;
    while !is_so() {
        assert!(now() < deadline, "did not come true in time");
    }
}
