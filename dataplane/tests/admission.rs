//! Whom a listener lets in: clients with addresses of their own, and rules that change meanwhile.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/rig.rs"]
mod rig;

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream},
    sync::Arc,
};

use model::{InboundRule, InboundRules, Transport, VpcEndpointId};
use rig::{
    BALANCER, SERVICE_PORT, World, assert_alive, assert_reset, fresh_ip, patient, simple,
    wait_until,
};
use socket2::{Domain, SockAddr, Socket, Type};

/// These sources may dial all ports.
fn rules(sources: &[IpAddr]) -> Arc<InboundRules> {
    ports(sources, 0, u16::MAX)
}

fn ports(sources: &[IpAddr], from_port: u16, to_port: u16) -> Arc<InboundRules> {
    let rule = |source: &IpAddr| InboundRule {
        source: (*source).into(),
        transport: Transport::Tcp,
        from_port,
        to_port,
    };
    Arc::new(InboundRules::new(sources.iter().map(rule)))
}

impl World {
    fn admit(&mut self, number: u128, rules: Arc<InboundRules>) {
        self.snapshot.inbound.endpoints.insert(VpcEndpointId::from_bits(number), rules);
    }
}

/// Connects from an address of this machine's.
fn connect_from(source: IpAddr, addr: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).unwrap();
    socket.bind(&SockAddr::from(SocketAddr::new(source, 0))).unwrap();
    socket.connect(&SockAddr::from(addr)).unwrap();
    patient(socket.into())
}

fn source() -> IpAddr {
    fresh_ip().into()
}

/// Asserts that a source is turned away, and that the target sees nothing of it.
fn assert_refused(source: IpAddr, addr: SocketAddr, upstream: &rig::Upstream) {
    assert_reset(&mut connect_from(source, addr));
    assert!(upstream.try_accept().is_none());
}

#[test]
fn only_sources_of_the_rules_are_let_in() {
    let [friend, stranger] = [source(), source()];
    let (_rig, upstream, addr) = simple(|world| world.admit(1, rules(&[friend])));
    assert_alive(&mut connect_from(friend, addr), &mut upstream.accept());
    assert_refused(stranger, addr, &upstream);
}

#[test]
fn an_endpoint_whose_groups_allow_nothing_lets_nobody_in() {
    let (_rig, upstream, addr) = simple(|world| world.admit(1, rules(&[])));
    assert_refused(source(), addr, &upstream);
}

#[test]
fn the_port_counts_as_well() {
    let friend = source();
    let (mut rig, upstream, addr) =
        simple(|world| world.admit(1, ports(&[friend], SERVICE_PORT + 1, u16::MAX)));
    assert_refused(friend, addr, &upstream);
    rig.world.admit(1, ports(&[friend], SERVICE_PORT, SERVICE_PORT));
    rig.publish();
    upstream.echo();
    wait_until_let_in(friend, addr);
}

/// Whether a client's byte comes back from the echoing target.
fn is_let_in(source: IpAddr, addr: SocketAddr) -> bool {
    let mut client = connect_from(source, addr);
    // The reset may be there before the byte is sent.
    let answer = client.write_all(b"?").and_then(|()| client.read_exact(&mut [0]));
    match answer {
        Ok(()) => true,
        Err(error) => {
            let kind = error.kind();
            assert!(matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{kind}");
            false
        }
    }
}

/// Workers take a snapshot's changes in their own time, a turn after it is in force.
fn wait_until_let_in(source: IpAddr, addr: SocketAddr) {
    wait_until("the client is let in", || is_let_in(source, addr));
}

fn wait_until_refused(source: IpAddr, addr: SocketAddr) {
    wait_until("the client is turned away", || !is_let_in(source, addr));
}

#[test]
fn a_rule_that_goes_keeps_open_connections() {
    let friend = source();
    let (mut rig, upstream, addr) = simple(|world| world.admit(1, rules(&[friend])));
    let (mut client, mut target) = (connect_from(friend, addr), upstream.accept());
    upstream.echo();
    rig.world.admit(1, rules(&[]));
    rig.publish();
    wait_until_refused(friend, addr);
    assert_alive(&mut client, &mut target);
}

#[test]
fn the_load_balancers_groups_are_asked_too() {
    let [friend, stranger] = [source(), source()];
    let (mut rig, upstream, addr) = simple(|world| world.admit(1, rules(&[friend, stranger])));
    upstream.echo();
    assert!(is_let_in(stranger, addr));
    rig.world.snapshot.inbound.load_balancers.insert(BALANCER, rules(&[friend]));
    rig.publish();
    wait_until_refused(stranger, addr);
    assert!(is_let_in(friend, addr));
    rig.world.snapshot.inbound.load_balancers.clear();
    rig.publish();
    wait_until_let_in(stranger, addr);
}

#[test]
fn new_endpoints_are_closed_to_strangers_from_their_first_connection() {
    let (mut rig, upstream, _) = simple(|_| {});
    for number in 2..20 {
        let addr = rig.world.add_endpoint(number, fresh_ip(), "a");
        rig.world.admit(number, rules(&[]));
        rig.publish();
        assert_refused(source(), addr, &upstream);
    }
}
