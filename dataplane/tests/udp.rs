//! UDP through the plane: where datagrams go, where answers come from, when a flow ends, and what a
//! flood can do.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests block, and read the clock to stop waiting")]

#[path = "support/rig.rs"]
mod rig;
#[path = "support/udp.rs"]
mod udp;

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket},
    num::{NonZeroU16, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use dataplane::UdpProxyHeader;
use model::{
    BindFailureReason, Binding, InboundRule, InboundRules, Listener, ListenerId, Protocol,
    TargetAddr, TargetHealth, Transport, VpcEndpointId,
};
use ppp::v2;
use rig::{
    GROUP, Rig, SERVICE_PORT, Upstream, World, assert_alive, connect, fresh_ip, simple,
    simple_with, wait_until,
};
use udp::{Hand, ask, client, echo, hears_nothing, reaches, sized, speak_udp, target};

#[test]
fn datagrams_of_all_sizes_reach_the_target_and_answers_come_from_the_address_asked() {
    let (_rig, upstream, addr) = simple(speak_udp);
    let target = target(upstream.addr());
    let client = client(addr);
    let mut buffer = vec![0; 70_000];
    for size in [0, 1, 512, 1472, 1473, 9000, 65_507] {
        let sent = sized(size, 3);
        client.send_to(&sent, addr).unwrap();
        let (length, from) = target.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer[..length], sent);
        let answer = sized(size, 9);
        target.send_to(&answer, from).unwrap();
        let (length, from) = client.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer[..length], answer);
        assert_eq!(from, addr);
    }
}

#[test]
fn a_flow_has_its_own_port_towards_the_target_and_keeps_it() {
    let (mut rig, upstream, addr) = simple(speak_udp);
    let other = rig.world.add_endpoint(2, fresh_ip(), "a");
    rig.publish();
    let target = target(upstream.addr());
    let (first, second) = (client(addr), client(addr));
    let port = ask(&first, addr, &target).port();
    assert_eq!(ask(&first, addr, &target).port(), port);
    assert_ne!(ask(&second, addr, &target).port(), port);
    assert_ne!(ask(&first, other, &target).port(), port);
    assert_eq!(ask(&first, addr, &target).port(), port);
}

#[test]
fn a_client_hears_what_its_target_said_and_nothing_else() {
    let (_rig, upstream, addr) = simple(speak_udp);
    let target = target(upstream.addr());
    let client = client(addr);
    client.send_to(b"?", addr).unwrap();
    let (_, from) = target.recv_from(&mut [0; 9]).unwrap();
    assert!(hears_nothing(&client), "before the target has answered");
    for answer in [b"1", b"2", b"3"] {
        target.send_to(answer, from).unwrap();
        let mut heard = [0; 9];
        assert_eq!(client.recv(&mut heard).unwrap(), 1);
        assert_eq!(&heard[..1], answer);
    }
    // Not from the flow's target, though from its machine.
    let stranger = UdpSocket::bind((upstream.addr().ip(), 0)).unwrap();
    stranger.send_to(b"!", from).unwrap();
    assert!(hears_nothing(&client), "from a stranger");
}

#[test]
fn silence_ends_a_flow_and_the_next_datagram_begins_another() {
    let upstream = Upstream::start();
    let mut world = World::new(&[(&upstream, "a")]);
    speak_udp(&mut world);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    let clock = Arc::new(Hand::default());
    let rig = Rig::with_clock(world, |_| {}, clock.clone());
    rig.wait_for_healthy(&[&upstream]);
    let target = target(upstream.addr());
    let client = client(addr);
    let first = ask(&client, addr, &target);
    clock.advance(Duration::from_secs(119));
    assert_eq!(ask(&client, addr, &target), first);
    // An answer is a sign of life as well.
    clock.advance(Duration::from_secs(119));
    target.send_to(b"late", first).unwrap();
    assert_eq!(client.recv(&mut [0; 9]).unwrap(), 4);
    clock.advance(Duration::from_secs(119));
    assert_eq!(ask(&client, addr, &target), first);
    clock.advance(Duration::from_secs(121));
    assert_ne!(ask(&client, addr, &target), first);
}

#[test]
fn both_wires_are_served_on_one_port() {
    for separate in [false, true] {
        let (_rig, upstream, addr) = simple(|world| {
            speak_udp(world);
            world.balancer().listeners[0].protocol = Protocol::TcpUdp;
            if separate {
                world.balancer().listeners[0].protocol = Protocol::Udp;
                let port = NonZeroU16::new(SERVICE_PORT).unwrap();
                let tcp = Listener::new(ListenerId::from_bits(2), port, GROUP);
                world.balancer().listeners.push(tcp);
            }
        });
        let target = target(upstream.addr());
        ask(&client(addr), addr, &target);
        assert_alive(&mut connect(addr), &mut upstream.accept());
    }
}

#[test]
fn a_listener_that_changes_its_wire_is_bound_anew() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let target = target(upstream.addr());
    assert_alive(&mut connect(addr), &mut upstream.accept());
    speak_udp(&mut rig.world);
    rig.publish();
    ask(&client(addr), addr, &target);
    wait_until("TCP is refused", || std::net::TcpStream::connect(addr).is_err());
}

#[test]
fn a_taken_address_is_reported_and_tried_again() {
    let ip = fresh_ip();
    let squatter = UdpSocket::bind((ip, SERVICE_PORT)).unwrap();
    let (mut rig, upstream, _) = simple(speak_udp);
    let addr = rig.world.add_endpoint(2, ip, "a");
    rig.publish();
    let taken = BindFailureReason::AddressInUse;
    let is_taken = |binding| matches!(binding, Some(Binding::Failed(it)) if it.reason == taken);
    assert!(is_taken(rig.binding(2)), "{:?}", rig.binding(2));
    drop(squatter);
    wait_until("the address is bound", || rig.binding(2) == Some(Binding::Bound));
    ask(&client(addr), addr, &target(upstream.addr()));
}

#[test]
fn rules_for_one_wire_say_nothing_about_the_other() {
    let adjust = |world: &mut World| {
        speak_udp(world);
        world.balancer().listeners[0].protocol = Protocol::TcpUdp;
    };
    // One worker, so that what one wire does tells that it has the rules for both.
    let (mut rig, upstream, addr) =
        simple_with(adjust, |config| config.workers = NonZeroUsize::MIN);
    let target = target(upstream.addr());
    upstream.echo();
    let admit = |rig: &mut Rig, transport| {
        let source = IpAddr::V4([127, 0, 0, 1].into()).into();
        let rule = InboundRule { source, transport, from_port: 0, to_port: u16::MAX };
        let rules = Arc::new(InboundRules::new([rule]));
        rig.world.snapshot.inbound.endpoints.insert(VpcEndpointId::from_bits(1), rules);
        rig.publish();
    };
    let is_served = || {
        let mut client = connect(addr);
        client.write_all(b"?").is_ok() && client.read_exact(&mut [0]).is_ok()
    };
    let known = client(addr);
    admit(&mut rig, Transport::Udp);
    wait_until("TCP is refused", || !is_served());
    let port = ask(&known, addr, &target);
    admit(&mut rig, Transport::Tcp);
    wait_until("TCP is served", is_served);
    // Who is in stays in.
    assert_eq!(ask(&known, addr, &target), port);
    assert!(!reaches(&client(addr), addr, &target), "a client that no rule admits");
}

#[test]
fn a_removed_endpoint_takes_its_flows_along() {
    let (mut rig, upstream, addr) = simple(speak_udp);
    let target = target(upstream.addr());
    let client = client(addr);
    let before = ask(&client, addr, &target);
    rig.world.remove_endpoint(1);
    rig.publish();
    wait_until("the address is let go", || UdpSocket::bind(addr).is_ok());
    target.send_to(b"late", before).unwrap();
    assert!(hears_nothing(&client), "of an endpoint that is gone");
    rig.world.add_endpoint(3, addr.ip().to_string().parse().unwrap(), "a");
    rig.publish();
    assert_ne!(ask(&client, addr, &target), before);
}

#[test]
fn a_removed_listener_takes_its_flows_along_and_a_moved_one_does_not() {
    let (mut rig, upstream, addr) = simple(speak_udp);
    let target = target(upstream.addr());
    let client = client(addr);
    let before = ask(&client, addr, &target);
    rig.world.balancer().listeners[0].id = ListenerId::from_bits(9);
    rig.publish();
    assert_eq!(ask(&client, addr, &target), before);
    rig.world.balancer().listeners.clear();
    rig.publish();
    wait_until("the address is let go", || UdpSocket::bind(addr).is_ok());
    assert_eq!(rig.binding(1), Some(Binding::Bound));
}

#[test]
fn a_refusal_sends_the_next_datagram_to_another_target() {
    let (first, second) = (Upstream::start(), Upstream::start());
    let mut world = World::new(&[(&first, "a"), (&second, "a")]);
    speak_udp(&mut world);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    let rig = Rig::start(world);
    rig.wait_for_healthy(&[&first, &second]);
    // Nothing listens on the first one's port, whatever its probes say.
    let target = target(second.addr());
    for _ in 0..20 {
        let client = client(addr);
        wait_until("a datagram arrives", || reaches(&client, addr, &target));
    }
}

#[test]
fn a_target_that_turns_unhealthy_keeps_its_flows_and_one_that_is_deregistered_does_not() {
    let (mut first, second) = (Upstream::start(), Upstream::start());
    let mut world = World::new(&[(&first, "a")]);
    speak_udp(&mut world);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    let mut rig = Rig::start(world);
    rig.wait_for_healthy(&[&first]);
    let [at_first, at_second] = [&first, &second].map(|it| target(it.addr()));
    let kept = client(addr);
    let before = ask(&kept, addr, &at_first);
    rig.world.register(&second, "a");
    rig.publish();
    rig.wait_for_healthy(&[&second]);
    first.sicken();
    wait_until("it is unhealthy", || {
        matches!(rig.target_health(&first), Some(TargetHealth::Unhealthy(_)))
    });
    assert_eq!(ask(&kept, addr, &at_first), before);
    wait_until("new flows go elsewhere", || reaches(&client(addr), addr, &at_second));
    rig.world.group().targets[0].draining = true;
    rig.publish();
    assert_eq!(ask(&kept, addr, &at_first), before);
    rig.world.group().targets.remove(0);
    rig.publish();
    wait_until("it goes elsewhere", || reaches(&kept, addr, &at_second));
}

/// The PROXY header that a datagram starts with, if it does.
fn header(datagram: &[u8]) -> Option<v2::Header<'_>> {
    v2::Header::try_from(datagram).ok()
}

#[test]
fn a_header_goes_in_front_of_the_first_datagram_or_of_each() {
    for (setting, expected) in [
        (UdpProxyHeader::Off, [false, false, false]),
        (UdpProxyHeader::First, [true, false, false]),
        (UdpProxyHeader::Each, [true, true, true]),
    ] {
        let adjust = |world: &mut World| {
            speak_udp(world);
            world.group().proxy_protocol_v2 = true;
        };
        let (_rig, upstream, addr) =
            simple_with(adjust, |config| config.udp_proxy_header = setting);
        let target = target(upstream.addr());
        let client = client(addr);
        for expected in expected {
            client.send_to(b"question", addr).unwrap();
            let mut buffer = [0; 500];
            let length = target.recv(&mut buffer).unwrap();
            let header = header(&buffer[..length]);
            assert_eq!(header.is_some(), expected, "{setting:?}");
            let mut rest = 0;
            if let Some(header) = header {
                rest = header.len();
                let told = v2::Addresses::from((client.local_addr().unwrap(), addr));
                assert_eq!((header.protocol, header.addresses), (v2::Protocol::Datagram, told));
                let id = header.tlvs().find_map(|it| it.ok().filter(|it| it.kind == 0xEA));
                let id = id.map(|it| it.value[1..].to_vec());
                assert_eq!(id.unwrap(), VpcEndpointId::from_bits(1).to_string().as_bytes());
            }
            assert_eq!(&buffer[rest..length], b"question");
        }
    }
}

#[test]
fn ipv6_clients_are_served_whatever_family_the_target_has() {
    let port = NonZeroU16::new(7011).unwrap();
    let addr = SocketAddr::from((Ipv6Addr::LOCALHOST, port.get()));
    for at in ["[::1]:0", "127.0.0.1:0"] {
        let target = target(TargetAddr(at.parse().unwrap()));
        let mut world = World::new(&[]);
        speak_udp(&mut world);
        world.balancer().listeners[0].port = port;
        let addr_of_target = TargetAddr(target.local_addr().unwrap());
        let new = model::Target { addr: addr_of_target, zone: None, draining: false };
        world.group().targets.push(new);
        world.group().proxy_protocol_v2 = true;
        world.add_endpoint(1, fresh_ip(), "a");
        let id = VpcEndpointId::from_bits(1);
        let endpoint = Arc::make_mut(world.snapshot.endpoints.get_mut(&id).unwrap());
        endpoint.interfaces[0].ipv6 = Some(Ipv6Addr::LOCALHOST);
        let _rig = Rig::with(world, |config| config.udp_proxy_header = UdpProxyHeader::First);
        let client = UdpSocket::bind("[::1]:0").unwrap();
        client.set_read_timeout(Some(rig::PATIENCE)).unwrap();
        client.send_to(b"?", addr).unwrap();
        let mut buffer = [0; 500];
        let (length, from) = target.recv_from(&mut buffer).unwrap();
        let header = header(&buffer[..length]).unwrap();
        assert_eq!((buffer[13], &buffer[header.len()..length]), (0x22, &b"?"[..]));
        let told = v2::Addresses::from((client.local_addr().unwrap(), addr));
        assert_eq!(header.addresses, told);
        target.send_to(b"!", from).unwrap();
        let (length, from) = client.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], from), (&b"!"[..], addr));
    }
}

/// Has this many clients ask at ten endpoints, each pair a flow.
fn exchange(clients: usize, rounds: usize) {
    let adjust = |config: &mut dataplane::Config| config.udp_flows_max = clients * 10 * 2;
    let (mut rig, upstream, addr) = simple_with(speak_udp, adjust);
    let others = (2..=10).map(|number| rig.world.add_endpoint(number, fresh_ip(), "a"));
    let addrs: Vec<_> = others.chain([addr]).collect();
    rig.publish();
    echo(target(upstream.addr()));
    udp::exchange(&addrs, clients, rounds);
}

#[test]
fn no_datagram_of_many_flows_goes_astray() {
    exchange(50, 40);
}

#[test]
#[ignore = "a million datagrams take half a minute"]
fn no_datagram_of_ten_thousand_flows_goes_astray() {
    exchange(1000, 100);
}

#[test]
fn a_flood_ends_no_flow_that_was_answered_and_takes_no_more_than_its_share() {
    let (_rig, upstream, addr) = simple_with(speak_udp, |config| {
        config.workers = 1.try_into().unwrap();
        config.udp_flows_max = 64;
    });
    let target = target(upstream.addr());
    let friends: Vec<_> = (0..32).map(|_| client(addr)).collect();
    let ports: Vec<_> = friends.iter().map(|it| ask(it, addr, &target)).collect();
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2000 {
        client(addr).send_to(b"flood", addr).unwrap();
        seen.insert(target.recv_from(&mut [0; 9]).unwrap().1);
    }
    assert!(seen.len() > 1000, "{} flows", seen.len());
    // 32 flows more than before, and what other tests of this process have.
    let grown = descriptors().saturating_sub(before);
    assert!(grown < 1000, "{grown} descriptors");
    for (friend, port) in friends.iter().zip(ports) {
        assert_eq!(ask(friend, addr, &target), port);
    }
}

#[test]
fn flows_that_begin_at_once_in_a_full_table_are_all_answered() {
    let (_rig, upstream, addr) = simple_with(speak_udp, |config| {
        config.workers = 1.try_into().unwrap();
        config.udp_flows_max = 64;
    });
    let target = target(upstream.addr());
    let _old: Vec<_> = (0..64).map(|_| ask(&client(addr), addr, &target)).collect();
    let new: Vec<_> = (0..8).map(|_| client(addr)).collect();
    for client in &new {
        client.send_to(b"?", addr).unwrap();
    }
    let seen: Vec<_> = new.iter().map(|_| target.recv_from(&mut [0; 9]).unwrap().1).collect();
    for port in seen {
        target.send_to(b"!", port).unwrap();
    }
    for client in &new {
        assert_eq!(client.recv(&mut [0; 9]).unwrap(), 1);
    }
}

#[test]
fn a_drain_serves_flows_until_they_are_silent() {
    let (mut rig, upstream, addr) = simple(speak_udp);
    let target = target(upstream.addr());
    let (old, new) = (client(addr), client(addr));
    let port = ask(&old, addr, &target);
    let done = rig.drain(rig::PATIENCE);
    for _ in 0..5 {
        assert_eq!(ask(&old, addr, &target), port);
        std::thread::sleep(Duration::from_millis(200));
    }
    new.send_to(b"?", addr).unwrap();
    assert!(hears_nothing(&target), "a new flow while draining");
    done.recv_timeout(Duration::from_secs(10)).unwrap();
}
