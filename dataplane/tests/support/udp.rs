//! Clients and targets that speak UDP, and a clock that is moved by hand.
#![expect(clippy::disallowed_methods, reason = "tests block, and read the clock to stop waiting")]
#![allow(dead_code, reason = "each test file uses its part of the rig")]

use std::{
    io::ErrorKind,
    net::{SocketAddr, UdpSocket},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use model::{Clock, Protocol, TargetAddr, Timestamp};

use crate::rig::{PATIENCE, World};

/// How long a socket is listened to that is to hear nothing.
const HUSH: Duration = Duration::from_millis(200);

/// Makes the one listener and its group speak UDP.
pub(crate) fn speak_udp(world: &mut World) {
    world.balancer().listeners[0].protocol = Protocol::Udp;
    let group = world.group();
    group.protocol = Protocol::Udp;
    group.unhealthy_connection_termination = false;
    group.deregistration_connection_termination = true;
}

/// A client of an address' family.
pub(crate) fn client(of: SocketAddr) -> UdpSocket {
    let any = if of.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
    patient(UdpSocket::bind(any).unwrap())
}

/// A target's socket.
pub(crate) fn target(addr: TargetAddr) -> UdpSocket {
    patient(UdpSocket::bind(addr.0).unwrap())
}

fn patient(socket: UdpSocket) -> UdpSocket {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Sends a datagram there and one back; gives the address that the target saw.
pub(crate) fn ask(client: &UdpSocket, addr: SocketAddr, target: &UdpSocket) -> SocketAddr {
    let mut buffer = [0; 16];
    match client.peer_addr() {
        Ok(_) => client.send(b"question").unwrap(),
        Err(_) => client.send_to(b"question", addr).unwrap(),
    };
    let (length, seen) = target.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"question");
    target.send_to(b"answer", seen).unwrap();
    let (length, from) = client.recv_from(&mut buffer).unwrap();
    assert_eq!((&buffer[..length], from), (&b"answer"[..], addr));
    seen
}

/// Sends a datagram; tells whether the target hears it soon.
pub(crate) fn reaches(client: &UdpSocket, addr: SocketAddr, target: &UdpSocket) -> bool {
    client.send_to(b"?", addr).unwrap();
    !hears_nothing(target)
}

/// Whether nothing arrives for a while.
pub(crate) fn hears_nothing(socket: &UdpSocket) -> bool {
    socket.set_read_timeout(Some(HUSH)).unwrap();
    let heard = socket.recv(&mut [0; 16]);
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    heard.is_err_and(|it| matches!(it.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// Bytes that differ by seed.
pub(crate) fn sized(bytes: usize, seed: u8) -> Vec<u8> {
    (0..bytes).map(|at| u8::try_from(at % 251).unwrap().wrapping_mul(seed)).collect()
}

/// Answers all datagrams with what they say, until the process ends.
pub(crate) fn echo(target: UdpSocket) {
    target.set_read_timeout(None).unwrap();
    socket2::SockRef::from(&target).set_recv_buffer_size(4 << 20).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = target.recv_from(&mut buffer) {
            let _ = target.send_to(&buffer[..length], from);
        }
    });
}

/// Datagrams that are under way at once: few enough that no buffer runs over.
const AT_ONCE: usize = 64;

/// Has every client ask an echo behind every address many times; each must hear its own words from
/// whom it asked, and no others.
pub(crate) fn exchange(addrs: &[SocketAddr], clients: usize, rounds: usize) {
    let clients: Vec<_> = (0..clients).map(|_| client(addrs[0])).collect();
    let named: Vec<_> = clients.iter().enumerate().collect();
    for round in 0..rounds {
        for some in named.chunks(AT_ONCE / addrs.len()) {
            let words = |client: usize, addr| format!("{round} {client} {addr}").into_bytes();
            for (name, client) in some {
                for addr in addrs {
                    client.send_to(&words(*name, *addr), addr).unwrap();
                }
            }
            for (name, client) in some {
                let mut asked = addrs.to_vec();
                while !asked.is_empty() {
                    let mut buffer = [0; 64];
                    let (length, from) = client.recv_from(&mut buffer).unwrap();
                    assert_eq!(&buffer[..length], words(*name, from), "client {name}");
                    let at = asked.iter().position(|addr| *addr == from).unwrap();
                    asked.remove(at);
                }
            }
        }
    }
    for client in &clients {
        client.set_nonblocking(true).unwrap();
        assert!(client.recv(&mut [0; 64]).is_err(), "an answer too many");
    }
}

/// A clock that also goes by itself, but is moved on at will.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    ahead_ms: AtomicU64,
}

impl Hand {
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn monotonic(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }

    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }
}
