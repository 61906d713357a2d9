//! Names that are not ours, for clients who may ask for them.

use std::{collections::BTreeSet, net::SocketAddr, num::NonZeroUsize, sync::Arc, time::Duration};

use dns::{Config, Forward, Network, Rule, ZoneFiles};
use hickory_proto::op::{Message, ResponseCode};
use model::{Vpc, VpcId};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::spawn_blocking,
};

use crate::{
    rig::{Running, ask_from, client, endpoint, name, now, question, snapshot},
    upstream::Upstream,
};

/// Clients in 127.61.0.0/16 are in network 1, whose service has a private name in a domain that is
/// forwarded like all else, but for `rule.test`.
async fn start() -> (Running, Upstream, Upstream) {
    start_with(ZoneFiles::default()).await
}

async fn start_with(files: ZoneFiles) -> (Running, Upstream, Upstream) {
    let (upstream, of_rule) = (Upstream::start().await, Upstream::start().await);
    let mut own = endpoint(1, 1);
    own.private_dns_names = vec!["api.example.test".parse().unwrap()];
    let mut world = snapshot(1, [own]);
    let (id, cidrs) = (VpcId::from_bits(1), vec!["127.61.0.0/16".parse().unwrap()]);
    world.vpcs.insert(id, Arc::new(Vpc::new(id, cidrs)));
    let mut config = Config::new("0.0.0.0:0".parse().unwrap(), NonZeroUsize::MIN);
    let rule = Rule { domain: "rule.test".parse().unwrap(), servers: vec![of_rule.addr] };
    let forward = Forward { servers: vec![upstream.addr], rules: vec![rule] };
    let (vpc, clients) = (id, Vec::new());
    config.networks.push(Network { clients, forward: Some(forward), ..Network::new(vpc) });
    let running = Running::start_from(config, world, files).unwrap();
    (running, upstream, of_rule)
}

/// Asks for a name's A records from this address.
async fn asked(server: SocketAddr, from: &'static str, name: &str) -> Message {
    let question = question(7, name, 1);
    spawn_blocking(move || {
        let (message, source) = ask_from(&client(from), server, &question);
        assert_eq!(source, server, "the reply comes from the address asked");
        message
    })
    .await
    .unwrap()
}

const INSIDE: &str = "127.61.0.9";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_is_asked_for_and_remembered() {
    let (running, upstream, of_rule) = start().await;
    let server = running.at("127.0.0.3");
    for _ in 0..3 {
        let message = asked(server, INSIDE, "www.Example.test").await;
        assert_eq!(message.answers[0].data.to_string(), "192.0.2.1");
        assert_eq!(message.queries[0].name().to_string(), "www.Example.test.");
        assert!(message.metadata.recursion_available && !message.metadata.authoritative);
        let message = asked(server, INSIDE, "absent.example.test").await;
        assert_eq!(message.metadata.response_code, ResponseCode::NXDomain);
    }
    assert_eq!((upstream.count("xample.test"), upstream.count("absent")), (2, 1));
    let message = asked(server, INSIDE, "www.rule.test").await;
    assert_eq!(message.answers.len(), 1);
    assert_eq!((upstream.count("rule.test"), of_rule.count("rule.test")), (0, 1));
    let message = asked(server, INSIDE, "forged.example.test").await;
    assert_eq!(message.queries[0].name().to_string(), "forged.example.test.");
    let message = asked(server, "127.62.0.9", "www.example.test").await;
    assert_eq!(message.metadata.response_code, ResponseCode::Refused);
    assert!(!message.metadata.recursion_available, "others may not ask");
    running.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_names_never_leave() {
    let (running, upstream, _) = start().await;
    let server = running.at("127.0.0.1");
    let absent = format!("x.{}", name(1));
    for (name, code) in [
        (name(1).as_str(), ResponseCode::NoError),
        ("api.example.test", ResponseCode::NoError),
        (absent.as_str(), ResponseCode::NXDomain),
        ("1.0.1.10.in-addr.arpa", ResponseCode::NoError),
    ] {
        let message = asked(server, INSIDE, name).await;
        assert_eq!(message.metadata.response_code, code, "{name}");
        assert!(message.metadata.authoritative && message.metadata.recursion_available);
    }
    assert_eq!(upstream.count(""), 0);
    assert_eq!(asked(server, INSIDE, "x.api.example.test").await.answers.len(), 1);
    running.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_of_ours_to_another_name_is_followed_there() {
    let directory = tempfile::tempdir().unwrap();
    let text = "$TTL 60\n@ SOA ns m 1 2 3 4 60\n@ NS ns\nfirst CNAME out\n\
                out CNAME www.example.test.\ngone CNAME absent.example.test.\n\
                dead CNAME broken.example.test.\n";
    std::fs::write(directory.path().join("zone"), text).unwrap();
    let (name, file) = ("ours.test".parse().unwrap(), directory.path().join("zone"));
    let files = ZoneFiles::load(vec![dns::ZoneFile { name, file, vpcs: Vec::new() }]).unwrap();
    let (running, upstream, _) = start_with(files).await;
    let server = running.at("127.0.0.1");
    let data = |message: &Message| -> Vec<String> {
        message.answers.iter().map(|record| record.data.to_string()).collect()
    };
    let message = asked(server, INSIDE, "first.ours.test").await;
    assert_eq!(data(&message), ["out.ours.test.", "www.example.test.", "192.0.2.1"]);
    assert!(message.metadata.authoritative && message.metadata.recursion_available);
    let message = asked(server, INSIDE, "gone.ours.test").await;
    assert_eq!(message.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(data(&message), ["absent.example.test."]);
    let message = asked(server, INSIDE, "dead.ours.test").await;
    assert_eq!(message.metadata.response_code, ResponseCode::ServFail);
    let before = upstream.count("");
    // Who may not ask for other names, or does not want to, gets what is ours.
    let message = asked(server, "127.62.0.9", "out.ours.test").await;
    assert_eq!(data(&message), ["www.example.test."]);
    assert_eq!((upstream.count(""), upstream.count("ours.test")), (before, 0));
    running.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_is_asked_once_for_all() {
    let (running, upstream, _) = start().await;
    let server = running.at("127.0.0.1");
    let ask = || tokio::spawn(asked(server, INSIDE, "silent.example.test"));
    let all: Vec<_> = std::iter::repeat_with(ask).take(20).collect();
    for one in all {
        assert_eq!(one.await.unwrap().metadata.response_code, ResponseCode::ServFail);
    }
    assert_eq!(upstream.count("silent"), 3, "three attempts, of whoever came first");
    running.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_cannot_be_foreseen() {
    const QUESTIONS: usize = 40;
    let (running, upstream, _) = start().await;
    for n in 0..QUESTIONS {
        asked(running.at("127.0.0.1"), INSIDE, &format!("www{n}.example.test")).await;
    }
    let (ids, ports): (BTreeSet<_>, BTreeSet<_>) = upstream.ids_and_ports().into_iter().unzip();
    // Forty draws of 65,536 meet once in a hundred times; five times never.
    assert!(ids.len() > QUESTIONS - 5 && ports.len() > QUESTIONS - 5, "{ids:?} {ports:?}");
    running.server.stop().await;
}

async fn over_tcp(stream: &mut TcpStream, name: &str) {
    let question = question(7, name, 1);
    stream.write_u16(u16::try_from(question.len()).unwrap()).await.unwrap();
    stream.write_all(&question).await.unwrap();
}

async fn read(stream: &mut TcpStream) -> Message {
    let mut reply = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut reply).await.unwrap();
    Message::from_vec(&reply).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_silent_holds_up_nobody_and_in_the_end_is_told() {
    let (running, upstream, _) = start().await;
    let server = running.at("127.0.0.1");
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{INSIDE}:0").parse().unwrap()).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    let started = now();
    for name in ["silent.example.test", "broken.example.test", "big.example.test", &name(1)] {
        over_tcp(&mut stream, name).await;
    }
    stream.shutdown().await.unwrap();
    let mut names = Vec::new();
    for _ in 0..4 {
        let reply = read(&mut stream).await;
        let first = reply.queries[0].name().to_string().split('.').next().unwrap().to_owned();
        names.push((first, reply.metadata.response_code, reply.answers.len()));
    }
    let took = now() - started;
    assert_eq!(names[3], ("silent".to_owned(), ResponseCode::ServFail, 0));
    assert!(took < Duration::from_secs(5), "{took:?}");
    names.sort_by(|one, other| one.0.cmp(&other.0));
    let big = ("big".to_owned(), ResponseCode::NoError, 100);
    assert_eq!(names[0], big, "asked again over TCP");
    assert_eq!(names[1], ("broken".to_owned(), ResponseCode::ServFail, 0));
    assert_eq!((upstream.count("silent"), upstream.count("broken")), (3, 3));
    // Over UDP it does not fit, and says so.
    let message = asked(server, INSIDE, "big.example.test").await;
    assert!(message.metadata.truncation && message.answers.is_empty());
    running.server.stop().await;
}
