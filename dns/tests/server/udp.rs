//! Binding, addresses, stopping, and how fast a change is seen.

use std::{error::Error as _, io, net::SocketAddr, sync::Arc, time::Duration};

use dns::StartError;
use socket2::{Domain, Socket, Type};

use crate::rig::{
    Running, addresses, ask_from, client, endpoint, name, now, question, snapshot, wait_until,
};

const NXDOMAIN: u16 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn replies_come_from_the_address_asked() {
    for (listen, from, asked) in [
        ("127.0.0.1:0", "127.0.0.1", &["127.0.0.1"][..]),
        ("0.0.0.0:0", "127.0.0.9", &["127.0.0.1", "127.0.0.2", "127.200.3.4"]),
        ("[::1]:0", "::1", &["::1"]),
        ("[::]:0", "::1", &["::1"]),
        ("[::]:0", "127.0.0.9", &["127.0.0.1", "127.0.0.2"]),
    ] {
        let running = Running::start(listen, snapshot(1, [endpoint(1, 1)]));
        for ip in asked {
            let server = running.at(ip);
            let (message, sender) = ask_from(&client(from), server, &question(7, &name(1), 28));
            assert_eq!(sender, server, "listening on {listen}");
            assert_eq!((message.metadata.id, message.answers.len()), (7, 3));
        }
        running.server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_are_all_answered() {
    let running = Running::start("127.0.0.1:0", snapshot(1, [endpoint(1, 1)]));
    let server = running.at("127.0.0.1");
    let clients: Vec<_> = (0..16).map(|_| client("127.0.0.1")).collect();
    // Whatever the kernel's spreading: 16 clients reach both workers all but surely, in batches.
    for id in 0..20 {
        let question = question(id, &name(1), 1);
        for client in &clients {
            client.send_to(&question, server).unwrap();
        }
    }
    for client in &clients {
        let mut ids = Vec::new();
        let mut buffer = [0; 512];
        for _ in 0..20 {
            let (len, _) = client.recv_from(&mut buffer).unwrap();
            assert_eq!(len, question(0, &name(1), 1).len() + 3 * 16);
            ids.push(u16::from_be_bytes([buffer[0], buffer[1]]));
        }
        assert_eq!(ids, (0..20).collect::<Vec<_>>());
    }
    running.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_refused_whoever_has_it() {
    let empty = || snapshot(0, []);
    let first = Running::start("127.0.0.1:0", empty());
    let addr = first.server.local_addr();
    refused(addr, "UDP");
    first.server.stop().await;
    for (kind, protocol) in [(Type::DGRAM, "UDP"), (Type::STREAM, "TCP")] {
        let other = Socket::new(Domain::IPV4, kind, None).unwrap();
        other.set_reuse_port(true).unwrap();
        other.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        if kind == Type::STREAM {
            other.listen(1).unwrap();
        }
        refused(other.local_addr().unwrap().as_socket().unwrap(), protocol);
    }
}

fn refused(addr: SocketAddr, protocol: &str) {
    let error = Running::try_start(addr, snapshot(0, [])).err().unwrap();
    assert_eq!(error.to_string(), format!("bind DNS address {addr} over {protocol}"));
    let cause = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::AddrInUse);
    assert!(matches!(error, StartError::Bind { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_leaves_its_port_free() {
    let first = Running::start("127.0.0.1:0", snapshot(1, [endpoint(1, 1)]));
    let addr = first.server.local_addr();
    assert_eq!(addresses(addr, 1).len(), 3);
    let started = now();
    first.server.stop().await;
    assert!(now() - started < Duration::from_secs(1), "nothing waits for a question");
    let second = Running::try_start(addr, snapshot(1, [endpoint(1, 1)])).unwrap();
    assert_eq!(addresses(addr, 1).len(), 3);
    second.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_seen_and_generations_never_go_back() {
    let running = Running::start("127.0.0.1:0", snapshot(5, [endpoint(1, 1)]));
    let server = running.at("127.0.0.1");
    assert_eq!(addresses(server, 1).len(), 3);
    running.snapshots.send_replace(Arc::new(snapshot(6, [endpoint(2, 1)])));
    wait_until(|| addresses(server, 2).len() == 3);
    assert!(addresses(server, 1).is_empty());
    // An older one, and then a newer one to wait for.
    running.snapshots.send_replace(Arc::new(snapshot(4, [endpoint(1, 1)])));
    running.health.send_replace(Arc::default());
    running.health.send_replace(Arc::default());
    assert!(addresses(server, 1).is_empty());
    running.snapshots.send_replace(Arc::new(snapshot(7, [endpoint(3, 1)])));
    wait_until(|| {
        assert!(addresses(server, 1).is_empty());
        addresses(server, 3).len() == 3
    });
    let (message, _) = ask_from(&client("127.0.0.1"), server, &question(1, &name(2), 1));
    assert_eq!(u16::from(message.metadata.response_code), NXDOMAIN);
    running.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_snapshot_is_served_when_its_makers_are_gone() {
    let running = Running::start("127.0.0.1:0", snapshot(5, [endpoint(1, 1)]));
    let server = running.at("127.0.0.1");
    drop((running.snapshots, running.health));
    for _ in 0..10 {
        assert_eq!(addresses(server, 1).len(), 3);
    }
    running.server.stop().await;
}
