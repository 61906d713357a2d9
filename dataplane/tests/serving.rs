//! What is served, and to whom: endpoints, targets, health, timeouts, the end of the plane.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests block, and read the clock to stop waiting")]

#[path = "support/rig.rs"]
mod rig;

use std::{
    io::ErrorKind,
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use model::{BindFailureReason, Binding, Generation, TargetHealth, UnhealthyReason};
use rig::{
    PATIENCE, Rig, SERVICE_PORT, Upstream, World, assert_alive, assert_refused, assert_reset,
    connect, fresh_ip, read_exactly, simple, simple_with, wait_until,
};

fn is_refused(addr: std::net::SocketAddr) -> bool {
    TcpStream::connect(addr).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[test]
fn a_removed_endpoint_is_refused_and_its_connections_reset() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let other = rig.world.add_endpoint(2, fresh_ip(), "a");
    rig.publish();
    let mut gone = (connect(addr), upstream.accept());
    let mut kept = (connect(other), upstream.accept());
    assert_alive(&mut gone.0, &mut gone.1);
    assert_alive(&mut kept.0, &mut kept.1);
    rig.world.remove_endpoint(1);
    rig.publish();
    assert_reset(&mut gone.0);
    assert_reset(&mut gone.1);
    wait_until("new connections are refused", || is_refused(addr));
    assert_alive(&mut kept.0, &mut kept.1);
    assert_eq!(rig.binding(1), None);
    // It may come back at the same address.
    rig.world.add_endpoint(3, addr.ip().to_string().parse().unwrap(), "a");
    rig.publish();
    assert_eq!(rig.binding(3), Some(Binding::Bound));
    assert_alive(&mut connect(addr), &mut upstream.accept());
}

#[test]
fn an_address_passes_from_one_endpoint_to_another_in_one_snapshot() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let std::net::IpAddr::V4(ip) = addr.ip() else { panic!("an IPv4 address") };
    for number in 2..12 {
        let mut live = (connect(addr), upstream.accept());
        rig.world.remove_endpoint(number - 1);
        rig.world.add_endpoint(number, ip, "a");
        rig.publish();
        assert_eq!(rig.binding(number), Some(Binding::Bound));
        assert_reset(&mut live.0);
        assert_alive(&mut connect(addr), &mut upstream.accept());
    }
}

#[test]
fn a_removed_listener_keeps_its_connections() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let mut live = (connect(addr), upstream.accept());
    rig.world.balancer().listeners.clear();
    rig.publish();
    wait_until("new connections are refused", || is_refused(addr));
    assert_alive(&mut live.0, &mut live.1);
    assert_eq!(rig.binding(1), Some(Binding::Bound));
}

#[test]
fn a_new_listener_id_on_the_same_port_takes_over() {
    let (mut rig, _upstream, addr) = simple(|_| {});
    let second = Upstream::start();
    rig.world.group().targets.clear();
    rig.world.register(&second, "a");
    rig.world.balancer().listeners[0].id = model::ListenerId::from_bits(9);
    rig.publish();
    rig.wait_for_healthy(&[&second]);
    assert_alive(&mut connect(addr), &mut second.accept());
}

#[test]
fn older_snapshots_are_ignored() {
    let (mut rig, upstream, addr) = simple(|_| {});
    rig.world.snapshot.generation = Generation(100);
    rig.publish();
    let stale = model::Snapshot {
        generation: Generation(50),
        ..model::Snapshot::empty("us-east-1".parse().unwrap())
    };
    rig.publish_as_is(stale);
    rig.world.register(&Upstream::dead(), "b");
    rig.publish();
    assert_eq!(rig.binding(1), Some(Binding::Bound));
    assert_alive(&mut connect(addr), &mut upstream.accept());
}

#[test]
fn a_taken_address_is_reported_and_tried_again() {
    let ip = fresh_ip();
    let squatter = TcpListener::bind((ip, SERVICE_PORT)).unwrap();
    let (mut rig, upstream, _) = simple(|_| {});
    let addr = rig.world.add_endpoint(2, ip, "a");
    // A second endpoint on the first one's address is no better off than behind a stranger.
    let taken =
        *rig.world.snapshot.endpoints.values().next().unwrap().interfaces[0].ipv4.as_ref().unwrap();
    rig.world.add_endpoint(3, taken, "a");
    // TEST-NET-1: no interface has it.
    rig.world.add_endpoint(4, [192, 0, 2, 7].into(), "a");
    rig.publish();
    let reason = |rig: &Rig, number| match rig.binding(number) {
        Some(Binding::Failed(failure)) => failure.reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(rig.binding(1), Some(Binding::Bound));
    assert_eq!(reason(&rig, 2), BindFailureReason::AddressInUse);
    assert_eq!(reason(&rig, 3), BindFailureReason::AddressInUse);
    assert_eq!(reason(&rig, 4), BindFailureReason::AddressNotAvailable);
    drop(squatter);
    wait_until("the address is bound", || rig.binding(2) == Some(Binding::Bound));
    assert_alive(&mut connect(addr), &mut upstream.accept());
}

#[test]
fn freebind_takes_addresses_that_no_interface_has() {
    let mut world = World::new(&[]);
    world.add_endpoint(1, [192, 0, 2, 8].into(), "a");
    let rig = Rig::with(world, |config| config.addresses = dataplane::AddressMode::Freebind);
    assert_eq!(rig.binding(1), Some(Binding::Bound));
}

#[test]
fn without_listeners_the_address_itself_is_tried() {
    let mut world = World::new(&[]);
    world.balancer().listeners.clear();
    world.add_endpoint(1, fresh_ip(), "a");
    world.add_endpoint(2, [192, 0, 2, 9].into(), "a");
    let rig = Rig::start(world);
    assert_eq!(rig.binding(1), Some(Binding::Bound));
    assert!(matches!(rig.binding(2), Some(Binding::Failed(f)) if f.addr.port() == 0));
}

#[test]
fn without_a_target_clients_are_reset() {
    let upstream = Upstream::start();
    // The zone is empty while another is healthy; a group without weight; no group.
    let mut world = World::new(&[(&upstream, "b")]);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    let mut rig = Rig::start(world);
    rig.wait_for_healthy(&[&upstream]);
    assert_refused(addr);
    rig.world.group().cross_zone = Some(true);
    rig.publish();
    assert_alive(&mut connect(addr), &mut upstream.accept());
    rig.world.balancer().listeners[0].forward[0].weight = 0;
    rig.publish();
    assert_refused(addr);
    rig.world.balancer().listeners[0].forward.clear();
    rig.publish();
    assert_refused(addr);
}

#[test]
fn health_follows_the_thresholds_and_traffic_follows_health() {
    let (mut first, second) = (Upstream::start(), Upstream::start());
    let mut world = World::new(&[(&first, "a"), (&second, "a")]);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    let rig = Rig::start(world);
    rig.wait_for_healthy(&[&first, &second]);
    // Both take connections; keep one of each.
    let mut live = Vec::new();
    let (mut at_first, mut at_second) = (None, None);
    wait_until("both targets have a connection", || {
        live.push(connect(addr));
        wait_until("it arrives", || {
            let here = first.try_accept();
            let there = if here.is_none() { second.try_accept() } else { None };
            let arrived = here.is_some() || there.is_some();
            at_first = here.map(|t| (live.len() - 1, t)).or_else(|| at_first.take());
            at_second = there.map(|t| (live.len() - 1, t)).or_else(|| at_second.take());
            arrived
        });
        at_first.is_some() && at_second.is_some()
    });
    let (mut at_first, mut at_second) = (at_first.unwrap(), at_second.unwrap());
    first.sicken();
    let failed = TargetHealth::Unhealthy(UnhealthyReason::FailedHealthChecks);
    wait_until("it is unhealthy", || rig.target_health(&first) == Some(failed));
    // Its connections end, the other's live on, and new ones go there alone.
    assert_reset(&mut at_first.1);
    assert_reset(&mut live[at_first.0]);
    assert_alive(&mut live[at_second.0], &mut at_second.1);
    for _ in 0..20 {
        assert_alive(&mut connect(addr), &mut second.accept());
    }
    assert!(first.try_accept().is_none());
    first.recover();
    rig.wait_for_healthy(&[&first]);
    wait_until("it takes connections again", || {
        let _client = connect(addr);
        first.try_accept().is_some()
    });
}

#[test]
fn the_last_target_keeps_its_connections_and_fails_open() {
    let (mut rig, mut upstream, addr) = simple(|_| {});
    let mut live = (connect(addr), upstream.accept());
    upstream.sicken();
    wait_until("it is unhealthy", || {
        matches!(rig.target_health(&upstream), Some(TargetHealth::Unhealthy(_)))
    });
    assert_alive(&mut live.0, &mut live.1);
    assert_alive(&mut connect(addr), &mut upstream.accept());
    // Deregistered, it keeps its connections and takes no more.
    rig.world.group().targets[0].draining = true;
    rig.publish();
    assert_eq!(rig.target_health(&upstream), Some(TargetHealth::Draining));
    assert_alive(&mut live.0, &mut live.1);
    assert_refused(addr);
    // Its delay over, they end only if the group says so.
    rig.world.group().deregistration_connection_termination = true;
    rig.world.group().targets.clear();
    rig.publish();
    assert_reset(&mut live.0);
    assert_reset(&mut live.1);
}

#[test]
fn a_refused_attempt_goes_to_another_target() {
    let (mut dead, alive) = (Upstream::dead(), Upstream::start());
    dead.recover();
    let mut world = World::new(&[(&dead, "a"), (&alive, "a")]);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    let rig = Rig::start(world);
    rig.wait_for_healthy(&[&dead, &alive]);
    for _ in 0..20 {
        assert_alive(&mut connect(addr), &mut alive.accept());
    }
}

#[test]
fn a_client_is_reset_when_no_target_answers() {
    let (_rig, mut upstream, addr) = simple(|_| {});
    upstream.close();
    assert_refused(addr);
}

#[test]
fn an_attempt_without_answer_times_out() {
    let mut world = World::new(&[]);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    // A full accept queue answers no connection request.
    let full = fresh_ip();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from((full, 7003)).into()).unwrap();
    socket.listen(0).unwrap();
    let mut fillers = Vec::new();
    wait_until("the queue is full", || {
        let full = std::net::SocketAddr::from((full, 7003));
        let filler = TcpStream::connect_timeout(&full, Duration::from_millis(100));
        let is_full = filler.is_err();
        fillers.extend(filler);
        is_full
    });
    let addr_of_target = model::TargetAddr((full, 7003).into());
    world.group().targets.push(model::Target { addr: addr_of_target, zone: None, draining: false });
    let timeout = Duration::from_millis(300);
    let _rig = Rig::with(world, |config| config.connect_timeout = timeout);
    let start = Instant::now();
    assert_refused(addr);
    assert!(start.elapsed() >= timeout && start.elapsed() < PATIENCE / 2);
}

#[test]
fn silence_is_cut_and_keepalives_are_not_silence() {
    let timeout = Duration::from_secs(2);
    let (_rig, upstream, addr) = simple_with(
        |world| world.balancer().listeners[0].idle_timeout = timeout,
        |config| config.idle_end = dataplane::IdleEnd::Reset,
    );
    let mut silent = (connect(addr), upstream.accept());
    let mut kept = (connect(addr), upstream.accept());
    let keepalive = socket2::TcpKeepalive::new()
        .with_time(Duration::from_secs(1))
        .with_interval(Duration::from_secs(1));
    socket2::SockRef::from(&kept.0).set_tcp_keepalive(&keepalive).unwrap();
    let start = Instant::now();
    assert_reset(&mut silent.0);
    let lasted = start.elapsed();
    assert!(lasted > timeout * 9 / 10 && lasted < timeout * 3, "{lasted:?}");
    assert_reset(&mut silent.1);
    kept.0.set_read_timeout(Some(timeout * 2)).unwrap();
    let silence = std::io::Read::read(&mut kept.0, &mut [0]).unwrap_err();
    assert!(matches!(silence.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
    assert_alive(&mut kept.0, &mut kept.1);
}

#[test]
fn draining_waits_for_connections_and_then_resets_them() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let mut ending = (connect(addr), upstream.accept());
    let mut staying = (connect(addr), upstream.accept());
    let done = rig.drain(Duration::from_secs(2));
    wait_until("new connections are refused", || is_refused(addr));
    assert_alive(&mut ending.0, &mut ending.1);
    drop(ending);
    assert_alive(&mut staying.0, &mut staying.1);
    assert_reset(&mut staying.0);
    done.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn draining_ends_with_the_last_connection() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let live = (connect(addr), upstream.accept());
    let done = rig.drain(PATIENCE * 10);
    wait_until("new connections are refused", || is_refused(addr));
    drop(live);
    wait_until("the plane has stopped", || {
        // Connections of the attempts above that came just in time end here too.
        drop(upstream.try_accept());
        done.try_recv().is_ok()
    });
}

#[test]
fn dropping_the_plane_resets_everything() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let mut live = (connect(addr), upstream.accept());
    drop(rig.plane.take());
    assert_reset(&mut live.0);
    assert_reset(&mut live.1);
    assert!(is_refused(addr));
}

#[test]
fn changes_do_not_disturb_other_endpoints() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let mut live = (connect(addr), upstream.accept());
    let addresses: Vec<_> = (0..20).map(|_| fresh_ip()).collect();
    for round in 0..10_u128 {
        for (i, ip) in (0..).zip(&addresses) {
            rig.world.add_endpoint(1000 * (round + 1) + i, *ip, "b");
        }
        rig.world.register(&Upstream::dead(), "b");
        rig.publish();
        assert_alive(&mut live.0, &mut live.1);
        assert_alive(&mut connect(addr), &mut upstream.accept());
        for i in 0..20 {
            assert_eq!(rig.binding(1000 * (round + 1) + i), Some(Binding::Bound));
            rig.world.remove_endpoint(1000 * (round + 1) + i);
        }
        rig.world.group().targets.truncate(1);
    }
}

#[test]
fn probes_of_a_group_with_headers_send_local() {
    let upstream = Upstream::dead();
    let probed = TcpListener::bind((fresh_ip(), 0)).unwrap();
    let mut world = World::new(&[(&upstream, "a")]);
    let group = world.group();
    group.proxy_protocol_v2 = true;
    group.health_check.port = None;
    group.targets[0].addr = model::TargetAddr(probed.local_addr().unwrap());
    world.add_endpoint(1, fresh_ip(), "a");
    let _rig = Rig::start(world);
    let mut probe = rig::patient(probed.accept().unwrap().0);
    let local = dataplane_core::proxy_header::local();
    assert_eq!(read_exactly(&mut probe, local.len()), local[..]);
    assert_eq!(rig::read_to_end(&mut probe), b"");
}

#[test]
fn unused_targets_are_not_probed() {
    let (used, unused) = (Upstream::start(), Upstream::start());
    let mut world = World::new(&[(&used, "a"), (&unused, "c")]);
    world.add_endpoint(1, fresh_ip(), "a");
    let mut rig = Rig::start(world);
    rig.wait_for_healthy(&[&used]);
    assert_eq!(rig.target_health(&unused), Some(TargetHealth::Unused));
    rig.world.balancer().zones.insert(rig::zone("c"));
    rig.publish();
    rig.wait_for_healthy(&[&unused]);
}
