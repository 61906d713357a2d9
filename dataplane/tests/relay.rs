//! Bytes through a running data plane: headers, halves, resets, back-pressure, integrity.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/rig.rs"]
mod rig;

use std::{
    io::{ErrorKind, Write as _},
    net::{Shutdown, SocketAddr},
    thread,
};

use model::{ClientAddr, EndpointAddr, VpcEndpointId};
use rig::{
    assert_alive, assert_echoed, assert_reset, connect, noise, read_exactly, read_header,
    read_to_end, reset, simple, simple_with,
};

#[test]
fn the_header_comes_first_whole_and_right() {
    let (_rig, upstream, addr) = simple(|world| world.group().proxy_protocol_v2 = true);
    for _ in 0..50 {
        let mut client = connect(addr);
        client.write_all(b"hello").unwrap();
        let mut target = upstream.accept();
        let (header, mut rest) = read_header(&mut target);
        assert_eq!(header.client, Some(ClientAddr(client.local_addr().unwrap())));
        assert_eq!(header.destination, Some(EndpointAddr(addr)));
        assert_eq!(header.endpoint_id, Some(VpcEndpointId::from_bits(1)));
        rest.extend(read_exactly(&mut target, 5 - rest.len()));
        assert_eq!(rest, b"hello");
    }
}

#[test]
fn a_target_may_speak_first() {
    for proxy_protocol in [false, true] {
        let (_rig, upstream, addr) =
            simple(|world| world.group().proxy_protocol_v2 = proxy_protocol);
        let mut client = connect(addr);
        let mut target = upstream.accept();
        if proxy_protocol {
            assert_eq!(read_header(&mut target).1, b"");
        }
        target.write_all(b"220 welcome").unwrap();
        assert_eq!(read_exactly(&mut client, 11), b"220 welcome");
        assert_alive(&mut client, &mut target);
    }
}

#[test]
fn each_half_closes_alone() {
    let (_rig, upstream, addr) = simple(|_| {});
    for client_first in [true, false] {
        let client = connect(addr);
        let target = upstream.accept();
        let (mut first, mut second) =
            if client_first { (client, target) } else { (target, client) };
        first.write_all(b"question").unwrap();
        first.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_to_end(&mut second), b"question");
        let answer = noise(1, 300_000);
        second.write_all(&answer).unwrap();
        second.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_to_end(&mut first), answer);
    }
}

#[test]
fn a_client_may_close_before_the_target_is_reached() {
    let (_rig, upstream, addr) = simple(|world| world.group().proxy_protocol_v2 = true);
    let mut client = connect(addr);
    client.write_all(b"all").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut target = upstream.accept();
    let (_, mut rest) = read_header(&mut target);
    rest.extend(read_to_end(&mut target));
    assert_eq!(rest, b"all");
    target.write_all(b"answer").unwrap();
    drop(target);
    assert_eq!(read_to_end(&mut client), b"answer");
}

#[test]
fn a_reset_is_passed_on_either_way() {
    let (_rig, upstream, addr) = simple(|_| {});
    for client_first in [true, false] {
        let mut client = connect(addr);
        let mut target = upstream.accept();
        assert_alive(&mut client, &mut target);
        let (first, mut second) = if client_first { (client, target) } else { (target, client) };
        reset(first);
        assert_reset(&mut second);
    }
}

#[test]
fn a_reset_is_passed_on_after_a_half_close() {
    let (_rig, upstream, addr) = simple(|_| {});
    let client = connect(addr);
    let mut target = upstream.accept();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut target), b"");
    reset(client);
    // Its reading half has ended already: the reset shows when it writes.
    rig::wait_until("writing fails", || target.write_all(b"x").is_err());
}

#[test]
fn a_slow_reader_stops_the_writer_and_loses_nothing() {
    let (_rig, upstream, addr) = simple(|_| {});
    let mut client = connect(addr);
    let mut target = upstream.accept();
    let chunk = noise(2, 1 << 20);
    client.set_nonblocking(true).unwrap();
    let mut written = 0;
    let mut quiet = 0;
    // What the four socket buffers and one read hold is all that a writer can get rid of.
    while quiet < 100 {
        match client.write(&chunk[written % chunk.len()..]) {
            Ok(n) => (written, quiet) = (written + n, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                quiet += 1;
                thread::sleep(std::time::Duration::from_millis(2));
            }
            Err(error) => panic!("{error}"),
        }
        assert!(written < 64 << 20, "no back-pressure");
    }
    client.shutdown(Shutdown::Write).unwrap();
    let received = read_to_end(&mut target);
    assert_eq!(received.len(), written);
    assert!(received.chunks(chunk.len()).all(|part| part == &chunk[..part.len()]));
}

#[test]
fn every_byte_arrives_both_ways_at_once() {
    // With pipes enough, with too few, and with none.
    for pipes_max in [256, 1, 0] {
        let (_rig, upstream, addr) = simple_with(|_| {}, |config| config.pipes_max = pipes_max);
        upstream.echo();
        exchange_noise(addr);
    }
}

/// Eight clients send and get back 12 times from 1 byte to 4 MiB.
fn exchange_noise(addr: SocketAddr) {
    let clients: Vec<_> = (0..8)
        .map(|client| {
            thread::spawn(move || {
                let mut random = fastrand::Rng::with_seed(client);
                for round in 0..12 {
                    // From one byte to 4 MiB, each size as likely as its half.
                    let magnitude = random.usize(0..=22);
                    let bytes = random.usize(1..=1 << magnitude);
                    assert_echoed(addr, client << 8 | round, bytes);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
}
