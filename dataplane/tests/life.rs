//! What a network namespace of the test's own makes possible: forgetting idle connections, using
//! all ports of an address, seeing the segment sizes that are announced. The one test that is not
//! ignored makes it and runs the others inside.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/namespace.rs"]
mod namespace;
#[path = "support/rig.rs"]
mod rig;

use std::{
    collections::BTreeMap,
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    os::fd::AsFd as _,
    sync::Arc,
    time::Duration,
};

use dataplane::IdleEnd;
use model::VpcEndpointId;
use rig::{SERVICE_PORT, assert_alive, assert_reset, connect, patient, reset, simple, simple_with};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

/// Leaves each address 20 ports.
const SETUP: &str = r#"ip link set lo up
echo 40000 40019 > /proc/sys/net/ipv4/ip_local_port_range"#;

#[test]
fn all_hold_in_a_network_of_their_own() {
    namespace::run_ignored(SETUP, "--test-threads 1", 6);
}

/// Asserts that nothing comes, not even an end.
fn assert_silent(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let silence = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
}

/// Asserts that what is sent now is answered with RST.
fn assert_forgotten(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(rig::PATIENCE)).unwrap();
    stream.write_all(b"x").unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
#[ignore = "needs CAP_NET_ADMIN; run by the test above"]
fn an_idle_connection_is_forgotten_and_whoever_sends_then_is_reset() {
    let timeout = Duration::from_secs(2);
    let (rig, upstream, addr) =
        simple(|world| world.balancer().listeners[0].idle_timeout = timeout);
    assert_eq!(rig.plane.as_ref().unwrap().idle_end(), IdleEnd::Silent);
    let mut idle = (connect(addr), upstream.accept());
    let mut busy = (connect(addr), upstream.accept());
    for _ in 0..4 {
        assert_silent(&mut idle.0);
        assert_alive(&mut busy.0, &mut busy.1);
    }
    assert_silent(&mut idle.1);
    assert_forgotten(&mut idle.0);
    assert_forgotten(&mut idle.1);
    assert_alive(&mut busy.0, &mut busy.1);
}

#[test]
#[ignore = "needs CAP_NET_ADMIN; run by the test above"]
fn an_idle_connection_is_reset_at_once_if_that_is_wanted() {
    let timeout = Duration::from_secs(1);
    let (_rig, upstream, addr) = simple_with(
        |world| world.balancer().listeners[0].idle_timeout = timeout,
        |config| config.idle_end = IdleEnd::Reset,
    );
    let mut idle = (connect(addr), upstream.accept());
    assert_reset(&mut idle.0);
    assert_reset(&mut idle.1);
}

/// Connects from an address of the client's own, so that its ports are not the ones that run out.
fn connect_from(host: u8, addr: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).unwrap();
    let source = SocketAddr::from((Ipv4Addr::new(127, 250, 0, host), 0));
    // A port that is bound alone, without its peer, is lost to all other addresses.
    sys::choose_port_at_connect(socket.as_fd()).unwrap();
    socket.bind(&SockAddr::from(source)).unwrap();
    socket.connect(&SockAddr::from(addr)).unwrap();
    patient(socket.into())
}

const SOURCES: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(127, 251, 0, 1)), IpAddr::V4(Ipv4Addr::new(127, 251, 0, 2))];

#[test]
#[ignore = "lowers the number of ports; run by the test above"]
fn every_source_address_has_its_own_ports() {
    let (_rig, upstream, addr) =
        simple_with(|_| {}, |config| config.source_addresses = SOURCES.to_vec());
    let mut open = Vec::new();
    let mut from = BTreeMap::new();
    for client in 0..40 {
        let mut ends = (connect_from(client / 10, addr), upstream.accept());
        *from.entry(ends.1.peer_addr().unwrap().ip()).or_insert(0) += 1;
        assert_alive(&mut ends.0, &mut ends.1);
        open.push(ends);
    }
    assert_eq!(from, SOURCES.map(|source| (source, 20)).into());
    assert_reset(&mut connect_from(200, addr));
    // One that ends leaves its port to another, without delay.
    let (client, mut target) = open.pop().unwrap();
    reset(client);
    assert_reset(&mut target);
    assert_alive(&mut connect_from(201, addr), &mut upstream.accept());
}

#[test]
#[ignore = "lowers the number of ports; run by the test above"]
fn without_source_addresses_the_kernel_chooses() {
    let other_family = vec![IpAddr::V6(Ipv6Addr::LOCALHOST)];
    for sources in [Vec::new(), other_family] {
        let (_rig, upstream, addr) =
            simple_with(|_| {}, |config| config.source_addresses = sources);
        let open: Vec<_> =
            (0..20).map(|client| (connect_from(client / 10, addr), upstream.accept())).collect();
        assert!(open.iter().all(|ends| ends.1.peer_addr().unwrap().ip() == Ipv4Addr::LOCALHOST));
        assert_reset(&mut connect_from(200, addr));
    }
}

#[test]
#[ignore = "lowers the number of ports; run by the test above"]
fn a_target_without_a_free_port_leaves_the_flow_to_another() {
    let second = rig::Upstream::start();
    let (rig, first, addr) = simple_with(
        |world| world.register(&second, "a"),
        |config| config.source_addresses = SOURCES[..1].to_vec(),
    );
    rig.wait_for_healthy(&[&second]);
    let open: Vec<_> = (0..40).map(|client| connect_from(client / 10, addr)).collect();
    let taken = [&first, &second].map(|upstream| {
        let mut taken = Vec::new();
        rig::wait_until("each has all it can", || {
            taken.extend(upstream.try_accept());
            taken.len() == 20
        });
        taken
    });
    assert_reset(&mut connect_from(200, addr));
    drop((open, taken));
}

#[test]
#[ignore = "needs an IPv6 address; run by the test above"]
fn announced_segments_leave_room_for_the_headers() {
    let mut addresses = Vec::new();
    let (_rig, _upstream, _) = simple_with(
        |world| {
            let ipv4 = rig::fresh_ip();
            addresses.push(world.add_endpoint(2, ipv4, "a"));
            let endpoint = world.snapshot.endpoints.get_mut(&VpcEndpointId::from_bits(2)).unwrap();
            Arc::make_mut(endpoint).interfaces[0].ipv6 = Some(Ipv6Addr::LOCALHOST);
            addresses.push((Ipv6Addr::LOCALHOST, SERVICE_PORT).into());
        },
        |config| config.packet_bytes_max = Some(8500),
    );
    let mss = |addr| SockRef::from(&connect(addr)).tcp_mss().unwrap();
    // 8460 and 8440, less the 12 bytes of timestamps that each segment has.
    assert_eq!([mss(addresses[0]), mss(addresses[1])], [8448, 8428]);
}
