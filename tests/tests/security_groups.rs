//! Security groups decide who gets through an endpoint: as a VPC comes, with a group of its own,
//! and after a rule is added.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream},
    time::Duration,
};

use socket2::{Domain, SockAddr, Socket, Type};
use tests::{
    Postern, Topology, client,
    peer::Peer,
    topology::{Options, PORT},
    wait_until,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// Connects from an address of this machine's.
fn connect_from(source: IpAddr, address: IpAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SockAddr::from(SocketAddr::new(source, 0))).unwrap();
    socket.connect(&SockAddr::from(SocketAddr::new(address, PORT))).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn assert_echoes(stream: &mut TcpStream) {
    stream.write_all(b"?").unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"?");
}

fn echoes(address: IpAddr) -> bool {
    let mut stream = client::connect(address, PORT).unwrap();
    stream.write_all(b"?").and_then(|()| stream.read_exact(&mut [0])).is_ok()
}

#[test]
fn rules_decide_about_new_connections_only() {
    let postern = Postern::start();
    let target = Peer::postern("echo", "one");
    let options = Options { proxy_protocol: false, ..Options::default() };
    let topology = Topology::build(&postern, &[(target.addr.to_string(), "all")], options);
    topology.wait_healthy(1, PATIENCE);
    let [address, _] = topology.addresses(&postern);
    let mut open = client::connect(address, PORT).unwrap();
    assert_echoes(&mut open);

    let group = topology.bar_strangers();
    wait_until(PATIENCE, "strangers are refused", || !echoes(address));
    assert_echoes(&mut open);
    let member = topology.net.address(3, 9).into();
    assert_echoes(&mut connect_from(member, address));
    let reason = [topology.endpoint.as_str(), "reason=\"security_group\""];
    let refused = "postern_connections_refused_total";
    wait_until(PATIENCE, "refusals are counted", || postern.metric(refused, &reason) >= 1.0);

    topology.admit(&group);
    wait_until(PATIENCE, "clients are let in", || echoes(address));
}
