//! IPv6 endpoint addresses, in a network namespace that has some: the one test that is not ignored
//! makes it and runs the others inside.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a client of the test's own may block")]

#[path = "support/namespace.rs"]
mod namespace;
#[path = "support/rig.rs"]
mod rig;

use std::{
    io::Write as _,
    net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream},
    sync::Arc,
};

use model::{
    BindFailureReason, Binding, ClientAddr, Endpoint, EndpointAddr, InboundRule, InboundRules,
    Transport, VpcEndpointId,
};
use rig::{
    Rig, SERVICE_PORT, World, assert_alive, assert_reset, connect, fresh_ip, patient, read_exactly,
    read_header, simple, wait_until,
};
use socket2::{Domain, SockAddr, Socket, Type};

/// Makes `lo` have fd00:6::1 to fd00:6::28.
const SETUP: &str = r#"ip link set lo up
for n in $(seq 1 28); do ip -6 addr add fd00:6::$n/128 dev lo nodad; done"#;

#[test]
fn all_hold_in_a_network_with_ipv6_addresses() {
    namespace::run_ignored(SETUP, "", 6);
}

/// The `n`th address; tests do not share any.
fn v6(n: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 6, 0, 0, 0, 0, 0, n)
}

fn endpoint(world: &mut World, number: u128) -> &mut Endpoint {
    let id = VpcEndpointId::from_bits(number);
    Arc::make_mut(world.snapshot.endpoints.get_mut(&id).unwrap())
}

/// Gives the first interface of an endpoint an IPv6 address.
fn add(world: &mut World, number: u128, ip: Ipv6Addr) -> SocketAddr {
    endpoint(world, number).interfaces[0].ipv6 = Some(ip);
    (ip, SERVICE_PORT).into()
}

fn connect_from(source: IpAddr, addr: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).unwrap();
    socket.bind(&SockAddr::from(SocketAddr::new(source, 0))).unwrap();
    socket.connect(&SockAddr::from(addr)).unwrap();
    patient(socket.into())
}

#[test]
#[ignore = "runs in a network namespace"]
fn both_families_are_served_on_one_port_and_told_to_the_target() {
    let mut addrs = Vec::new();
    let (_rig, upstream, ipv4) = simple(|world| {
        world.group().proxy_protocol_v2 = true;
        addrs.push(add(world, 1, v6(1)));
    });
    for (addr, source) in [(addrs[0], v6(2).into()), (ipv4, IpAddr::V4(fresh_ip()))] {
        let mut client = connect_from(source, addr);
        client.write_all(b"hello").unwrap();
        let mut target = upstream.accept();
        let (header, _) = read_header(&mut target);
        assert_eq!(header.client, Some(ClientAddr(client.local_addr().unwrap())));
        assert_eq!(header.destination, Some(EndpointAddr(addr)));
        assert_eq!(header.client.unwrap().ip().is_ipv6(), addr.is_ipv6());
    }
}

#[test]
#[ignore = "runs in a network namespace"]
fn an_endpoint_may_have_ipv6_alone() {
    let mut addr = None;
    let (rig, upstream, ipv4) = simple(|world| {
        addr = Some(add(world, 1, v6(3)));
        endpoint(world, 1).interfaces[0].ipv4 = None;
    });
    assert_eq!(rig.binding(1), Some(Binding::Bound));
    assert_alive(&mut connect(addr.unwrap()), &mut upstream.accept());
    assert!(TcpStream::connect(ipv4).is_err());
}

#[test]
#[ignore = "runs in a network namespace"]
fn an_address_more_keeps_connections_and_one_less_does_not() {
    let (mut rig, upstream, ipv4) = simple(|_| {});
    let mut old = (connect(ipv4), upstream.accept());
    let addr = add(&mut rig.world, 1, v6(4));
    rig.publish();
    assert_eq!(rig.binding(1), Some(Binding::Bound));
    assert_alive(&mut old.0, &mut old.1);
    let mut new = (connect(addr), upstream.accept());
    assert_alive(&mut new.0, &mut new.1);
    upstream.echo();
    endpoint(&mut rig.world, 1).interfaces[0].ipv6 = None;
    rig.publish();
    assert_reset(&mut new.0);
    wait_until("the address is let go", || TcpStream::connect(addr).is_err());
    let mut again = connect(ipv4);
    again.write_all(b"?").unwrap();
    assert_eq!(read_exactly(&mut again, 1), b"?");
}

#[test]
#[ignore = "runs in a network namespace"]
fn rules_hold_for_ipv6_sources() {
    let mut addr = None;
    let (_rig, upstream, _) = simple(|world| {
        addr = Some(add(world, 1, v6(5)));
        let source = IpAddr::V6(v6(6)).into();
        let rule =
            InboundRule { source, transport: Transport::Any, from_port: 0, to_port: u16::MAX };
        let rules = Arc::new(InboundRules::new([rule]));
        world.snapshot.inbound.endpoints.insert(VpcEndpointId::from_bits(1), rules);
    });
    let addr = addr.unwrap();
    assert_alive(&mut connect_from(v6(6).into(), addr), &mut upstream.accept());
    assert_reset(&mut connect_from(v6(7).into(), addr));
}

#[test]
#[ignore = "runs in a network namespace"]
fn an_address_that_no_interface_has_is_reported_or_bound_all_the_same() {
    let stray: Ipv6Addr = "2001:db8::7".parse().unwrap();
    for (mode, expected) in [
        (dataplane::AddressMode::AsIs, Some(BindFailureReason::AddressNotAvailable)),
        (dataplane::AddressMode::Freebind, None),
    ] {
        let mut world = World::new(&[]);
        world.add_endpoint(1, fresh_ip(), "a");
        add(&mut world, 1, stray);
        let rig = Rig::with(world, |config| config.addresses = mode);
        let reason = match rig.binding(1) {
            Some(Binding::Failed(failure)) => Some(failure.reason),
            _ => None,
        };
        assert_eq!(reason, expected, "{mode:?}");
    }
}

#[test]
#[ignore = "runs in a network namespace"]
fn a_target_may_have_an_ipv6_address() {
    let listener = std::net::TcpListener::bind((v6(8), 0)).unwrap();
    let addr = model::TargetAddr(listener.local_addr().unwrap());
    let mut world = World::new(&[]);
    let endpoint = world.add_endpoint(1, fresh_ip(), "a");
    let zone = Some(rig::zone("a"));
    world.group().targets = vec![model::Target { addr, zone, draining: false }];
    let _rig = Rig::start(world);
    let mut client = connect(endpoint);
    let (target, _) = listener.accept().unwrap();
    assert_alive(&mut client, &mut patient(target));
}
