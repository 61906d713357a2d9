//! Who gets how much: identity, cookies and rate limits, seen by `dig` and counted by datagram.

use std::{
    net::{SocketAddr, UdpSocket},
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

use dns::{Config, CookieSecret, Identity, Network, Prefixes, Rate, RateLimit, ZoneFiles};
use hickory_proto::op::Message;
use model::{Vpc, VpcId};

use crate::{
    rig::{Running, client, endpoint, name, question, snapshot},
    view::asked,
};

const BURST: usize = 10;

/// A server with all options, whose clients may have ten answers of a kind, and then one in an
/// hour and a bit; clients in 127.81 are exempt, and those in 127.82 are in VPC 1.
fn start(set: impl FnOnce(&mut RateLimit)) -> Running {
    let mut config = Config::new("127.0.0.1:0".parse().unwrap(), NonZeroUsize::MIN);
    config.identity = Identity::new(Some("dns-1"), Some("Postern 0"), Some("one"));
    config.cookies = Some(CookieSecret::drawn([7; 16]));
    let burst = NonZeroU32::new(u32::try_from(BURST).unwrap()).unwrap();
    let rate =
        Rate { per_second: NonZeroU32::MIN, burst, ipv4_prefix_len: 24, ipv6_prefix_len: 56 };
    let mut limit = RateLimit {
        rate,
        slip: 1,
        exempt: Prefixes::new(["127.81.0.0/16".parse().unwrap()]),
        is_exempt_in_vpcs: true,
        amplification_max: None,
    };
    set(&mut limit);
    config.rate_limit = Some(limit);
    let mut world = snapshot(1, [endpoint(1, 1)]);
    let (id, cidrs) = (VpcId::from_bits(1), vec!["127.82.0.0/16".parse().unwrap()]);
    world.vpcs.insert(id, Arc::new(Vpc::new(id, cidrs)));
    config
        .networks
        .push(Network { clients: vec!["127.83.0.0/16".parse().unwrap()], ..Network::new(id) });
    Running::start_from(config, world, ZoneFiles::default()).unwrap()
}

/// Asks as often as this from one address; gives how many replies were whole and how many cut.
fn burst(server: SocketAddr, from: &str, count: usize) -> (usize, usize) {
    let socket = client(from);
    let bytes = question(7, &name(1), 1);
    for _ in 0..count {
        socket.send_to(&bytes, server).unwrap();
    }
    // What follows on another socket is answered after all of these: one thread answers.
    drop(ask(&client("127.81.9.9"), server, &bytes));
    socket.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut buffer = [0; 2048];
    let (mut whole, mut cut) = (0, 0);
    while let Ok(len) = socket.recv(&mut buffer) {
        let message = Message::from_vec(&buffer[..len]).unwrap();
        match (message.metadata.truncation, message.answers.len()) {
            (false, 3) => whole += 1,
            (true, 0) => cut += 1,
            other => panic!("{other:?}"),
        }
    }
    (whole, cut)
}

fn ask(socket: &UdpSocket, server: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    socket.send_to(bytes, server).unwrap();
    let mut buffer = [0; 2048];
    let len = socket.recv(&mut buffer).unwrap();
    buffer[..len].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_over_its_limit_gets_short_answers_and_others_go_on() {
    let running = start(|_| ());
    let server = running.at("127.0.0.1");
    assert_eq!(burst(server, "127.84.1.1", 30), (BURST, 30 - BURST));
    assert_eq!(burst(server, "127.84.1.2", 5), (0, 5), "the same network");
    assert_eq!(burst(server, "127.84.2.1", 5), (5, 0), "another one");
    assert_eq!(burst(server, "127.81.1.1", 30), (30, 0), "exempt");
    assert_eq!(burst(server, "127.82.1.1", 30), (30, 0), "in a VPC");
    assert_eq!(burst(server, "127.83.1.1", 30), (30, 0), "in a VPC, says the operator");
    // Over TCP, and with a cookie, the same client gets its answer.
    let name = name(1);
    for (options, expected) in [
        (&["+tcp", &name][..], 3),
        (&["+cookie", "+badcookie", &name], 3),
        (&["+nocookie", "+ignore", &name], 0),
    ] {
        let answer = asked(server, "127.84.1.1", options).await;
        assert_eq!(
            answer.lines().filter(|line| line.starts_with("10.")).count(),
            expected,
            "{answer}"
        );
    }
    running.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_and_who_is_limited_can_be_set() {
    let running = start(|limit| {
        limit.slip = 4;
        limit.is_exempt_in_vpcs = false;
    });
    let server = running.at("127.0.0.1");
    assert_eq!(burst(server, "127.84.1.1", 30), (BURST, (30 - BURST) / 4));
    assert_eq!(burst(server, "127.82.1.1", 30), (BURST, (30 - BURST) / 4));
    running.server.stop().await;
    let running = start(|limit| limit.slip = 0);
    assert_eq!(burst(running.at("127.0.0.1"), "127.84.1.1", 30), (BURST, 0));
    running.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_is_cut_unless_the_client_has_proved_its_address() {
    let running = start(|limit| limit.amplification_max = Some(2));
    let server = running.at("127.0.0.1");
    let soa: &[&str] =
        &["+notcp", "+ignore", "+nocookie", "+noedns", "us-east-1.vpce.amazonaws.com", "SOA"];
    assert_eq!(asked(server, "127.84.1.1", soa).await, "");
    assert!(asked(server, "127.81.1.1", soa).await.starts_with("ns1."));
    running.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dig_sees_cookies_and_who_answers() {
    let running = start(|_| ());
    let server = running.at("127.0.0.1");
    let name = name(1);
    let full = ["+noshort", "+comments", "+qr"];
    for (options, expected) in [
        (&["+cookie", &name][..], "(good)"),
        (&["+nsid", &name], "; NSID: 64 6e 73 2d 31 (\"dns-1\")"),
        (&["+noedns", "CH", "TXT", "version.bind"], "\"Postern 0\""),
        (&["+noedns", "CH", "TXT", "id.server"], "\"one\""),
        (&["+noedns", "CH", "TXT", "authors.bind"], "status: REFUSED"),
        (&["+noedns", "-c", "HS", &name], "status: REFUSED"),
        (&["+noedns", "-c", "CLASS4242", &name], "status: REFUSED"),
        (&["+ednsopt=10:0102", "+nocookie", &name], "status: FORMERR"),
        (&["+header-only", "+cookie"], "(good)"),
    ] {
        let answer = asked(server, "127.81.1.1", &[&full[..], options].concat()).await;
        assert!(answer.contains(expected), "{options:?}: {answer}");
    }
    running.server.stop().await;
}
