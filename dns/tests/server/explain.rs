//! What is explained is what is answered: for many names, types and clients, over the wire.

use std::{collections::BTreeSet, net::SocketAddr, num::NonZeroUsize, sync::Arc};

use dns::{
    Config, Forward, Inspector, Network, ZoneFile, ZoneFiles,
    explain::{Because, Found, Source, Use, ZoneHealth},
    inspector::{Explained, Question, record_type},
};
use model::{DnsRecordIpType, Endpoint, Snapshot, Vpc, VpcId};
use tokio::task::spawn_blocking;

use crate::{
    rig::{Running, ask_from, client, endpoint, name, question, snapshot},
    upstream::Upstream,
};

const INSIDE: &str = "127.91.0.1";
const ON_BEHALF: &str = "127.92.0.1";
const OUTSIDE: &str = "127.93.0.1";
const CLIENTS: [&str; 3] = [INSIDE, ON_BEHALF, OUTSIDE];

fn vpc() -> VpcId {
    VpcId::from_bits(1)
}

/// Endpoint 1 with a private name, 2 with a wildcard, 3 service-defined, 4 with IPv4 names alone.
fn world() -> Snapshot {
    let named = |n: u16, private: &str, kind: DnsRecordIpType| {
        let mark = u8::try_from(n).unwrap();
        let private_dns_names = vec![private.parse().unwrap()];
        Endpoint { private_dns_names, dns_record_ip_type: kind, ..endpoint(n, mark) }
    };
    let mut world = snapshot(
        3,
        [
            named(1, "api.example.test", DnsRecordIpType::Dualstack),
            named(2, "*.wild.test", DnsRecordIpType::Dualstack),
            named(3, "defined.test", DnsRecordIpType::ServiceDefined),
            named(4, "four.test", DnsRecordIpType::Ipv4),
        ],
    );
    let (id, cidrs) = (vpc(), vec!["127.91.0.0/16".parse().unwrap()]);
    world.vpcs.insert(id, Arc::new(Vpc::new(id, cidrs)));
    world
}

async fn start(folder: &std::path::Path, upstream: &Upstream, is_inbound_only: bool) -> Running {
    let file = folder.join("zone");
    let records = "@ 60 SOA ns m 1 2 3 4 60\nwww 60 A 192.0.2.1\nalias 60 CNAME www\n\
                   far 60 CNAME elsewhere.test.\n*.w 60 TXT text\nsub 60 NS ns.other.test.\n";
    std::fs::write(&file, records).unwrap();
    let zone = |name: &str, vpcs: &[VpcId]| ZoneFile {
        name: name.parse().unwrap(),
        file: file.clone(),
        vpcs: vpcs.to_vec(),
    };
    let files = vec![zone("all.test", &[]), zone("own.test", &[vpc()])];
    let files = ZoneFiles::load(files).unwrap();
    let mut config = Config::new("0.0.0.0:0".parse().unwrap(), NonZeroUsize::MIN);
    config.networks.push(Network {
        clients: vec!["127.92.0.0/16".parse().unwrap()],
        forward: Some(Forward { servers: vec![upstream.addr], rules: Vec::new() }),
        private_names_inbound_only: is_inbound_only,
        ..Network::new(vpc())
    });
    Running::start_from(config, world(), files).unwrap()
}

async fn explained(inspector: &Inspector, client: &str, name: &str, rtype: &str) -> Explained {
    let question = Question {
        name: name.parse().unwrap(),
        rtype: record_type(rtype).unwrap(),
        client: client.parse().unwrap(),
        at: None,
    };
    inspector.explain(&question).await.unwrap()
}

/// Response code and answer section, whatever its order.
async fn asked(
    server: SocketAddr,
    from: &'static str,
    name: &str,
    rtype: &str,
) -> (String, BTreeSet<String>) {
    let question = question(7, name, record_type(rtype).unwrap().0);
    let (message, _) =
        spawn_blocking(move || ask_from(&client(from), server, &question)).await.unwrap();
    let code = format!("{:?}", message.metadata.response_code).to_ascii_uppercase();
    (code, message.answers.iter().map(ToString::to_string).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_explained_is_what_is_answered() {
    let (folder, upstream) = (tempfile::tempdir().unwrap(), Upstream::start().await);
    for is_inbound_only in [false, true] {
        let running = start(folder.path(), &upstream, is_inbound_only).await;
        let (server, inspector) = (running.at("127.0.0.1"), running.server.inspector());
        let mut names: Vec<_> = (1..6).map(name).collect();
        names.extend([name(1).replacen('.', "-us-east-12.", 1), "1.0.1.10.in-addr.arpa".into()]);
        names.extend(
            [
                "api.example.test",
                "example.test",
                "x.api.example.test",
                "a.b.wild.test",
                "wild.test",
                "defined.test",
                "four.test",
                "www.all.test",
                "alias.all.test",
                "far.all.test",
                "x.w.all.test",
                "x.sub.all.test",
                "none.all.test",
                "www.own.test",
                "us-east-1.vpce.amazonaws.com",
            ]
            .map(str::to_owned),
        );
        let mut compared = 0;
        for client in CLIENTS {
            for name in &names {
                for rtype in ["A", "AAAA", "TXT", "CNAME", "NS", "PTR"] {
                    let said = explained(&inspector, client, name, rtype).await;
                    let answer = said.answer.as_ref().unwrap();
                    let said_records: BTreeSet<_> = answer.records.iter().cloned().collect();
                    let seen = asked(server, client, name, rtype).await;
                    let said_all = (answer.code.clone(), said_records);
                    assert_eq!(said_all, seen, "{client} {name} {rtype}: {said:?}");
                    addresses_agree(&said, &seen.1, rtype);
                    compared += 1;
                }
            }
        }
        assert_eq!(compared, 3 * 22 * 6);
        running.server.stop().await;
    }
}

/// What is said to be in the answer is there, and nothing else.
fn addresses_agree(said: &Explained, seen: &BTreeSet<String>, rtype: &str) {
    let Some(facts) = said.explanation.steps.iter().rev().find_map(|it| it.endpoint.as_ref())
    else {
        return;
    };
    let uses = facts.interfaces.iter().flat_map(|interface| &interface.addresses);
    let given = uses.filter(|(_, it)| matches!(it, Use::Given | Use::GivenForWantOfBetter));
    let given: BTreeSet<_> = given.map(|(address, _)| address.to_string()).collect();
    let is_of_type = |line: &&String| line.contains(&format!(" IN {rtype} "));
    let last = |line: &String| line.rsplit(' ').next().unwrap().to_owned();
    let seen = seen.iter().filter(is_of_type).filter(|_| rtype.starts_with('A')).map(last);
    assert_eq!(given, seen.collect(), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reasons_are_told() {
    let (folder, upstream) = (tempfile::tempdir().unwrap(), Upstream::start().await);
    let running = start(folder.path(), &upstream, true).await;
    let inspector = running.server.inspector();
    let one = async |client: &str, name: &str, rtype: &str| {
        explained(&inspector, client, name, rtype).await
    };
    let said = one(INSIDE, "www.own.test", "A").await.explanation;
    let prefix = "127.91.0.0/16".parse().unwrap();
    assert_eq!(said.because, Because::Prefix { prefix, is_inside: true });
    assert_eq!(said.view, Some(vpc()));
    let zone = Source::StaticZone("own.test".parse().unwrap(), Some(vpc()));
    assert_eq!((&said.steps[0].source, &said.steps[0].found), (&zone, &Found::Records));
    assert!(said.elsewhere.is_empty());
    // Not seen from outside, and the private name not from inside: but elsewhere.
    let said = one(OUTSIDE, "www.own.test", "A").await.explanation;
    assert_eq!((said.because, said.view), (Because::Unknown, None));
    assert_eq!((&said.steps[0].source, said.elsewhere), (&Source::Nowhere, vec![vpc()]));
    let said = one(INSIDE, "api.example.test", "A").await;
    assert_eq!(said.explanation.elsewhere, [vpc()]);
    let rule = said.forward.unwrap();
    assert_eq!((rule.domain.as_str(), rule.servers), (".", vec![upstream.addr]));
    // From where it is seen: an alias, and an endpoint without any healthy target.
    let said = one(ON_BEHALF, "api.example.test", "A").await.explanation;
    assert_eq!(said.steps[0].source, Source::PrivateNames);
    assert!(matches!(said.steps[0].found, Found::Alias(_)));
    assert_eq!(said.steps[1].found, Found::Records);
    let facts = said.steps[1].endpoint.as_ref().unwrap();
    assert_eq!(facts.interfaces.len(), 3);
    assert_eq!(facts.interfaces[0].health, ZoneHealth::NoLoadBalancer);
    assert_eq!(facts.interfaces[0].addresses[0].1, Use::GivenForWantOfBetter);
    assert_eq!(facts.interfaces[0].addresses[1].1, Use::NotAsked);
    let said = one(ON_BEHALF, "x.wild.test", "A").await.explanation;
    assert_eq!(said.steps[0].wildcard.as_ref().unwrap().to_string(), "*.wild.test.");
    let said = one(ON_BEHALF, "defined.test", "AAAA").await.explanation;
    let facts = said.steps[0].endpoint.as_ref().unwrap();
    assert_eq!(facts.interfaces[0].addresses[1].1, Use::LeftOutByType);
    running.server.stop().await;
}
