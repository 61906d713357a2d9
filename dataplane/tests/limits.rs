//! Limits of endpoints: how many connections, how quickly, how many bytes, over all workers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests block, and read the clock to stop waiting")]

#[path = "support/rig.rs"]
mod rig;
#[path = "support/udp.rs"]
mod udp;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use model::{EndpointLimits, VpcEndpointId};
use rig::{
    Upstream, World, assert_alive, assert_echoed, assert_refused, fresh_ip, noise, simple,
    try_connect, wait_until,
};
use udp::{ask, client, echo, speak_udp, target};

fn limit(world: &mut World, set: impl FnOnce(&mut EndpointLimits)) {
    let endpoint = world.snapshot.endpoints.get_mut(&VpcEndpointId::from_bits(1)).unwrap();
    set(&mut Arc::make_mut(endpoint).limits);
}

/// Whether a connection gets through to the target, which then has the other end.
fn passes(addr: SocketAddr, upstream: &Upstream) -> Option<(TcpStream, TcpStream)> {
    let mut client = try_connect(addr)?;
    if client.write_all(b"?").is_err() {
        return None;
    }
    let mut arrived = None;
    client.set_nonblocking(true).unwrap();
    wait_until("it arrives or is reset", || {
        arrived = upstream.try_accept();
        arrived.is_some()
            || matches!(client.read(&mut [0]), Err(e) if e.raw_os_error() == Some(104))
    });
    client.set_nonblocking(false).unwrap();
    let mut target = arrived?;
    assert_eq!(rig::read_exactly(&mut target, 1), b"?");
    Some((client, target))
}

#[test]
fn an_endpoint_has_as_many_connections_as_it_may() {
    let (mut rig, upstream, addr) = simple(|world| limit(world, |it| it.connections = Some(10)));
    let other = rig.world.add_endpoint(2, fresh_ip(), "a");
    rig.publish();
    let mut open: Vec<_> = (0..10).map(|_| passes(addr, &upstream).unwrap()).collect();
    for _ in 0..20 {
        assert!(passes(addr, &upstream).is_none());
    }
    // Others are none the worse.
    assert!(passes(other, &upstream).is_some());
    open.pop();
    wait_until("there is room for one", || match passes(addr, &upstream) {
        Some(more) => {
            open.push(more);
            true
        }
        None => false,
    });
    assert!(passes(addr, &upstream).is_none());
    limit(&mut rig.world, |it| it.connections = Some(12));
    rig.publish();
    open.extend((0..2).map(|_| passes(addr, &upstream).unwrap()));
    assert!(passes(addr, &upstream).is_none());
    for (client, target) in &mut open {
        assert_alive(client, target);
    }
    // Lowered below what is open, it ends nothing; taken away, it refuses nothing.
    limit(&mut rig.world, |it| it.connections = Some(1));
    rig.publish();
    assert!(passes(addr, &upstream).is_none());
    let (client, target) = &mut open[0];
    assert_alive(client, target);
    limit(&mut rig.world, |it| *it = EndpointLimits::default());
    rig.publish();
    assert!(passes(addr, &upstream).is_some());
}

#[test]
fn connections_that_are_open_count_when_a_limit_comes() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let open: Vec<_> = (0..5).map(|_| passes(addr, &upstream).unwrap()).collect();
    limit(&mut rig.world, |it| it.connections = Some(6));
    rig.publish();
    let sixth = passes(addr, &upstream).unwrap();
    assert!(passes(addr, &upstream).is_none());
    drop((open, sixth));
    wait_until("all have ended", || {
        let six: Option<Vec<_>> = (0..6).map(|_| passes(addr, &upstream)).collect();
        six.is_some()
    });
}

#[test]
fn a_refused_connection_leaves_its_place_to_others() {
    let (mut rig, upstream, addr) = simple(|world| limit(world, |it| it.connections = Some(1)));
    rig.world.group().targets.clear();
    rig.publish();
    for _ in 0..5 {
        assert_refused(addr);
    }
    rig.world.register(&upstream, "a");
    rig.publish();
    rig.wait_for_healthy(&[&upstream]);
    // Workers hear of a target a little later than everyone.
    wait_until("a connection passes", || passes(addr, &upstream).is_some());
}

#[test]
fn new_connections_come_no_faster_than_they_may() {
    let (_rig, upstream, addr) =
        simple(|world| limit(world, |it| it.new_connections_per_second = Some(20)));
    let start = Instant::now();
    let passed = (0..200).filter(|_| passes(addr, &upstream).is_some()).count();
    let took = start.elapsed();
    let earned = 20.0 + 20.0 * took.as_secs_f64();
    assert!(passed >= 20 && passed as f64 <= earned + 1.0, "{passed} in {took:?}");
    thread::sleep(Duration::from_millis(1100));
    let passed = (0..20).filter(|_| passes(addr, &upstream).is_some()).count();
    assert!(passed >= 20, "{passed} after a second");
}

/// Clients that send and get back so many bytes each; how long that takes.
fn exchange(addr: SocketAddr, clients: u64, bytes: usize) -> Duration {
    let start = Instant::now();
    let clients: Vec<_> = (0..clients)
        .map(|seed| {
            thread::spawn(move || {
                assert_echoed(addr, seed, bytes);
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    start.elapsed()
}

#[test]
fn bytes_wait_and_none_is_lost() {
    for (per_second, clients, bytes) in [(2_000_000, 4, 500_000), (200_000, 20, 10_000)] {
        let (_rig, upstream, addr) =
            simple(|world| limit(world, |it| it.bytes_per_second = Some(per_second)));
        upstream.echo();
        let took = exchange(addr, clients, bytes);
        // Both ways count, and a quarter of a second's worth may pass at once.
        let all = 2 * clients * u64::try_from(bytes).unwrap();
        let least = Duration::from_millis(1000 * all / per_second - 250);
        assert!(took >= least && took < least * 2, "{took:?} at {per_second}, at least {least:?}");
    }
}

#[test]
fn a_limit_of_bytes_comes_and_goes_for_open_connections() {
    let (mut rig, upstream, addr) = simple(|_| {});
    let (mut client, mut target) = passes(addr, &upstream).unwrap();
    let mut transfer = |bytes: usize| {
        let sent = noise(1, bytes);
        let start = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| client.write_all(&sent).unwrap());
            assert!(rig::read_exactly(&mut target, bytes) == sent);
        });
        start.elapsed()
    };
    limit(&mut rig.world, |it| it.bytes_per_second = Some(1_000_000));
    rig.publish();
    let took = transfer(1_500_000);
    assert!(took > Duration::from_millis(1100), "{took:?}");
    limit(&mut rig.world, |it| it.bytes_per_second = None);
    rig.publish();
    let took = transfer(1_500_000);
    assert!(took < Duration::from_millis(700), "{took:?}");
}

/// Keeps a socket's answers coming for a while; how many bytes of them there were.
fn blast(client: &UdpSocket, addr: SocketAddr, lasts: Duration) -> usize {
    client.set_nonblocking(true).unwrap();
    let (start, mut heard) = (Instant::now(), 0);
    let datagram = [b'd'; 1000];
    while start.elapsed() < lasts {
        client.send_to(&datagram, addr).unwrap();
        thread::sleep(Duration::from_micros(500));
        while let Ok(length) = client.recv(&mut [0; 2000]) {
            heard += length;
        }
    }
    heard
}

#[test]
fn datagrams_beyond_the_rate_are_lost_and_flows_go_on() {
    let (mut rig, upstream, addr) = simple(speak_udp);
    let other = rig.world.add_endpoint(2, fresh_ip(), "a");
    let target = target(upstream.addr());
    let (first, second) = (client(addr), client(addr));
    let port = ask(&first, addr, &target);
    // Set while there are flows; 100 datagrams a second, there and back.
    limit(&mut rig.world, |it| it.bytes_per_second = Some(200_000));
    rig.publish();
    assert_eq!(ask(&first, addr, &target), port);
    let theirs = target.try_clone().unwrap();
    echo(theirs);
    let heard = blast(&first, addr, Duration::from_secs(2));
    // Two seconds' worth and both slacks, half of it answers or less: questions that came through
    // may have taken what their answers wanted.
    assert!(heard > 50_000 && heard < 250_000, "{heard} bytes came back");
    // Others are none the worse, and have no limit.
    let heard = blast(&second, other, Duration::from_secs(1));
    assert!(heard > 500_000, "{heard} bytes came back from another endpoint");
    limit(&mut rig.world, |it| it.bytes_per_second = None);
    rig.publish();
    let heard = blast(&first, addr, Duration::from_secs(1));
    assert!(heard > 500_000, "{heard} bytes came back without a limit");
}
