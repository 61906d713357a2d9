//! Which target takes a connection: stickiness, least connections, slow start, through real ones.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests block, and read the clock to stop waiting")]

#[path = "support/rig.rs"]
mod rig;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use model::Algorithm;
use rig::{Rig, Upstream, World, fresh_ip, patient, wait_until};

/// Connects from an address, and tells which target takes it.
fn arrival(
    client: Ipv4Addr,
    addr: SocketAddr,
    upstreams: &[&Upstream],
) -> (usize, (TcpStream, TcpStream)) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((client, 0)).into()).unwrap();
    socket.connect(&addr.into()).unwrap();
    let mut arrived = None;
    wait_until("it arrives", || {
        let mut places = (0..).zip(upstreams);
        arrived = places.find_map(|(at, upstream)| Some((at, upstream.try_accept()?)));
        arrived.is_some()
    });
    let (at, target) = arrived.unwrap();
    (at, (patient(socket.into()), target))
}

fn client(n: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 78, 0, n)
}

/// A plane with one endpoint and these targets, all healthy.
fn world(upstreams: &[&Upstream], adjust: impl FnOnce(&mut World)) -> (Rig, SocketAddr) {
    let targets: Vec<_> = upstreams.iter().map(|upstream| (*upstream, "a")).collect();
    let mut world = World::new(&targets);
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    adjust(&mut world);
    let rig = Rig::start(world);
    rig.wait_for_healthy(upstreams);
    (rig, addr)
}

#[test]
fn a_client_keeps_its_target_while_that_is_healthy() {
    let mut upstreams = [Upstream::start(), Upstream::start(), Upstream::start()];
    let all = upstreams.each_ref();
    let (mut rig, addr) = world(&all, |world| {
        world.group().is_sticky = true;
        // It has no say where clients have their targets.
        world.group().algorithm = Algorithm::LeastConnections;
    });
    let other = rig.world.add_endpoint(2, fresh_ip(), "a");
    rig.publish();
    let clients: Vec<_> = (1..=30).map(client).collect();
    let first: Vec<_> = clients.iter().map(|it| arrival(*it, addr, &all).0).collect();
    for place in 0..3 {
        assert!(first.contains(&place), "clients are spread: {first:?}");
    }
    for _ in 0..3 {
        for (client, place) in clients.iter().zip(&first) {
            assert_eq!(arrival(*client, addr, &all).0, *place);
            assert_eq!(arrival(*client, other, &all).0, *place, "whatever it dials");
        }
    }
    // The clients of one that goes move, the others do not; when it is back, so are they.
    upstreams[0].sicken();
    wait_until("it is unhealthy", || {
        rig.target_health(&upstreams[0]) != Some(model::TargetHealth::Healthy)
    });
    let all = upstreams.each_ref();
    for (client, place) in clients.iter().zip(&first) {
        let now = arrival(*client, addr, &all).0;
        assert!(now != 0 && (*place == 0 || now == *place));
    }
    upstreams[0].recover();
    rig.wait_for_healthy(&[&upstreams[0]]);
    let all = upstreams.each_ref();
    for (client, place) in clients.iter().zip(&first) {
        assert_eq!(arrival(*client, addr, &all).0, *place);
    }
}

#[test]
fn least_connections_counts_those_of_all_workers() {
    let upstreams = [Upstream::start(), Upstream::start(), Upstream::start()];
    let all = upstreams.each_ref();
    let (mut rig, addr) = world(&all, |world| {
        world.group().algorithm = Algorithm::LeastConnections;
    });
    let mut held: [Vec<_>; 3] = Default::default();
    for _ in 0..30 {
        let (at, connection) = arrival(client(1), addr, &all);
        held[at].push(connection);
    }
    assert_eq!(held.each_ref().map(Vec::len), [10; 3]);
    held[1].clear();
    let mut refilled = 0;
    wait_until("it has its share again", || {
        let (at, connection) = arrival(client(1), addr, &all);
        // The first ones may come before the ends of the others were seen.
        refilled += usize::from(at == 1);
        held[at].push(connection);
        refilled == 10
    });
    let counts = held.each_ref().map(Vec::len);
    assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 4, "{counts:?}");
    // Back to the flow hash: those that were counted end without harm.
    rig.world.group().algorithm = Algorithm::FlowHash;
    rig.publish();
    held.iter_mut().for_each(Vec::clear);
    for _ in 0..10 {
        arrival(client(1), addr, &all);
    }
    rig.world.group().algorithm = Algorithm::LeastConnections;
    rig.publish();
    let mut counts = [0; 3];
    let mut held = Vec::new();
    wait_until("earlier ones have ended", || {
        counts = [0; 3];
        held.clear();
        for _ in 0..9 {
            let (at, connection) = arrival(client(1), addr, &all);
            counts[at] += 1;
            held.push(connection);
        }
        counts == [3; 3]
    });
}

#[test]
fn a_target_that_turns_healthy_begins_with_little() {
    let slow_start = Duration::from_secs(4);
    let (first, mut late) = (Upstream::start(), Upstream::start());
    late.sicken();
    let mut world = World::new(&[(&first, "a"), (&late, "a")]);
    world.group().slow_start = slow_start;
    let addr = world.add_endpoint(1, fresh_ip(), "a");
    let rig = Rig::start(world);
    rig.wait_for_healthy(&[&first]);
    let since = Instant::now();
    let all = [&first, &late];
    // The only one there is does not wait for its share to grow.
    assert_eq!(arrival(client(1), addr, &all).0, 0);
    wait_until("the first has its whole share", || since.elapsed() > slow_start);
    late.recover();
    let all = [&first, &late];
    rig.wait_for_healthy(&[&late]);
    let since = Instant::now();
    let mut counts = [0, 0];
    while since.elapsed() < slow_start / 8 {
        counts[arrival(client(1), addr, &all).0] += 1;
    }
    // At most 5 of 32 parts of a half.
    assert!(counts[1] <= counts[0] / 4 + 3, "{counts:?}");
    wait_until("it has its whole share", || {
        let of_twenty = (0..20).filter(|_| arrival(client(1), addr, &all).0 == 1).count();
        since.elapsed() > slow_start && (4..=16).contains(&of_twenty)
    });
}
