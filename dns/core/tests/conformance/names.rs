//! Which names exist, and which addresses they have.

use std::{collections::BTreeMap, net::Ipv4Addr};

use dns_core::{CatalogBuilder, Outcome, Transport, UDP_LEN_MAX, answer};
use hickory_proto::op::Message;
use model::DnsRecordIpType;

use crate::rig::{SERVICE, ZONE, ask, endpoint, health, name, snapshot, text, udp, world};

const A: u16 = 1;
const NS: u16 = 2;
const SOA: u16 = 6;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const DS: u16 = 43;
const HTTPS: u16 = 65;
const ANY: u16 = 255;

/// The SOA record that goes with absence.
const ABSENT: &str = "\n~@ 60 SOA ns1.@ hostmaster.@ 7 7200 900 1209600 60";

/// A type, the expected first line and the expected records.
fn check(rule: &str, name: &str, qtype: u16, expected: &str) {
    let (_, reply) = udp(&world(), &ask(name, qtype).bytes());
    let expected = expected.replace('!', ABSENT);
    assert_eq!(text(&reply), expected, "{rule}: {name} TYPE{qtype}");
}

#[test]
fn names_answer_as_the_rfcs_say() {
    let service = format!("{SERVICE}.{ZONE}");
    let absent = format!("x.{ZONE}");
    let below_leaf = format!("x.{}", name(1, None));
    let deep = format!("a.b.c.d.e.{service}");
    let rows: &[(&str, &str, u16, &str)] = &[
        (
            "RFC 1035 3.2.1 SOA at the apex",
            ZONE,
            SOA,
            &("NoError aa".to_owned() + &ABSENT.replace('~', "")),
        ),
        (
            "RFC 1035 3.3.11 NS at the apex",
            ZONE,
            NS,
            "NoError aa\n@ 60 NS ns1.@\n+ns1.@ 60 A 127.0.0.53",
        ),
        (
            "RFC 1034 4.2.1 the name server",
            &format!("ns1.{ZONE}"),
            A,
            "NoError aa\nns1.@ 60 A 127.0.0.53",
        ),
        ("RFC 2308 2.2 NODATA at the apex", ZONE, A, "NoError aa!"),
        ("RFC 8020 2 a service's name exists", &service, A, "NoError aa!"),
        ("RFC 8020 2 so for any type", &service, TXT, "NoError aa!"),
        ("RFC 2308 2.1 NXDOMAIN", &absent, A, "NXDomain aa!"),
        ("RFC 8020 2 nothing is below a leaf", &below_leaf, A, "NXDomain aa!"),
        ("RFC 2308 2.1 NXDOMAIN far below", &deep, A, "NXDomain aa!"),
        ("RFC 4074 3 AAAA of an ipv4 name", &name(2, None), AAAA, "NoError aa!"),
        ("RFC 3597 an unknown type", &name(1, None), 65_280, "NoError aa!"),
        ("RFC 9460 9 HTTPS", &name(1, None), HTTPS, "NoError aa!"),
        ("RFC 4035 3.1.4.1 DS at the apex", ZONE, DS, "NoError aa!"),
        ("RFC 8499 7 not ours", "example.com", A, "Refused"),
        ("RFC 8906 3.1.1 no upward referral", "vpce.amazonaws.com", NS, "Refused"),
        ("RFC 8906 3.1.1 the root", "", NS, "Refused"),
        ("RFC 8499 7 another Region", "x.us-east-2.vpce.amazonaws.com", A, "Refused"),
        ("RFC 1034 3.1 a label, not an ending", &format!("x{ZONE}"), A, "Refused"),
    ];
    rows.iter().for_each(|(rule, name, qtype, expected)| check(rule, name, *qtype, expected));
}

#[test]
fn endpoint_names_follow_the_dns_record_ip_type() {
    for (n, has_ipv4, has_ipv6) in
        [(1, true, true), (2, true, false), (3, false, true), (4, true, true)]
    {
        for zone in [None, Some(0), Some(1), Some(2)] {
            let owner = name(n, zone).replace(&format!("{SERVICE}.{ZONE}"), "svc.@");
            let zones = zone.map_or(0..3, |zone| zone..zone + 1);
            for (qtype, has) in [(A, has_ipv4), (AAAA, has_ipv6)] {
                let record = |z: usize| match qtype {
                    A => format!("\n{owner} 60 A 10.{z}.0.{n}"),
                    _ => format!(
                        "\n{owner} 60 AAAA fd00:{}::{n}",
                        if z == 0 { String::new() } else { z.to_string() }
                    ),
                };
                let records: String = zones.clone().map(record).collect();
                let records = records.replace("fd00:::", "fd00::");
                let expected = if has { records } else { "!".to_owned() };
                check(
                    "guide: DNS record IP type",
                    &name(n, zone),
                    qtype,
                    &format!("NoError aa{expected}"),
                );
            }
        }
    }
}

#[test]
fn rfc8482_any_has_one_rrset_over_udp_and_all_over_tcp() {
    let question = ask(name(1, Some(0)), ANY).bytes();
    let owner = name(1, Some(0)).replace(&format!("{SERVICE}.{ZONE}"), "svc.@");
    let a = format!("NoError aa\n{owner} 60 A 10.0.0.1");
    assert_eq!(text(&udp(&world(), &question).1), a);
    let (_, tcp) = crate::rig::reply(&world(), &question, Transport::Tcp, 4096);
    assert_eq!(text(&tcp), format!("{a}\n{owner} 60 AAAA fd00::1"));
    let absent = ask(format!("x.{ZONE}"), ANY).bytes();
    assert_eq!(text(&udp(&world(), &absent).1), format!("NXDomain aa{ABSENT}"));
}

#[test]
fn regional_name_has_healthy_zones_or_all() {
    let mut builder = CatalogBuilder::default();
    let snapshot = snapshot(1, [endpoint(1, DnsRecordIpType::Dualstack)]);
    for (up, expected) in
        [(&[0, 1, 2][..], &[0, 1, 2][..]), (&[1], &[1]), (&[0, 2], &[0, 2]), (&[], &[0, 1, 2])]
    {
        let catalog = builder.build(&snapshot, &health(up));
        for (qtype, prefix) in [(A, "10."), (AAAA, "fd00:")] {
            let (_, reply) = udp(&catalog, &ask(name(1, None), qtype).bytes());
            let message = Message::from_vec(&reply).unwrap();
            assert_eq!(message.answers.len(), expected.len(), "up {up:?}");
            let addresses: Vec<_> = message.answers.iter().map(|r| r.data.to_string()).collect();
            assert!(addresses.iter().all(|address| address.starts_with(prefix)), "{addresses:?}");
            if qtype == A {
                let expected: Vec<_> = expected.iter().map(|z| format!("10.{z}.0.1")).collect();
                assert_eq!(addresses, expected);
            }
        }
        for zone in 0..3 {
            let (_, reply) = udp(&catalog, &ask(name(1, Some(zone)), A).bytes());
            let message = Message::from_vec(&reply).unwrap();
            assert_eq!(message.answers[0].data.to_string(), format!("10.{zone}.0.1"), "up {up:?}");
        }
    }
}

#[test]
fn names_go_with_their_endpoint_and_the_service_with_its_last() {
    let mut builder = CatalogBuilder::default();
    let kind = DnsRecordIpType::Ipv4;
    let outcome = |catalog: &_, name: &str| udp(catalog, &ask(name, A).bytes()).0.outcome;
    let service = format!("{SERVICE}.{ZONE}");
    let up = health(&[0, 1, 2]);
    let both = builder.build(&snapshot(1, [endpoint(1, kind), endpoint(2, kind)]), &up);
    assert_eq!(both.name_count(), 2 + 1 + 8);
    let one = builder.build(&snapshot(2, [endpoint(2, kind)]), &up);
    assert_eq!(outcome(&one, &name(1, None)), Outcome::NxDomain);
    assert_eq!(outcome(&one, &name(1, Some(0))), Outcome::NxDomain);
    assert_eq!(outcome(&one, &name(2, Some(0))), Outcome::NoError);
    assert_eq!(outcome(&one, &service), Outcome::NoData);
    let none = builder.build(&snapshot(3, []), &up);
    assert_eq!(outcome(&none, &service), Outcome::NxDomain);
    assert_eq!(outcome(&both, &name(1, None)), Outcome::NoError, "a catalog never changes");
}

#[test]
fn rfc1794_every_order_is_equally_likely() {
    let catalog = world();
    let view = catalog.view_of(Ipv4Addr::LOCALHOST.into());
    let question = ask(name(1, None), A).bytes();
    let mut seen = BTreeMap::<Vec<u8>, f64>::new();
    let mut turn = 0x2545_F491_u32;
    let draws = 60_000;
    for _ in 0..draws {
        // xorshift32: an even source that is the same in every run.
        turn ^= turn << 13;
        turn ^= turn >> 17;
        turn ^= turn << 5;
        let mut buffer = [0; UDP_LEN_MAX];
        let len = answer(view, &question, Transport::Udp, turn, &mut buffer).len;
        let records = buffer[question.len()..len].chunks(16);
        *seen.entry(records.map(|record| record[13]).collect()).or_default() += 1.0;
    }
    assert_eq!(seen.len(), 6, "three addresses have six orders");
    let fair = f64::from(draws) / 6.0;
    let chi_square: f64 = seen.values().map(|n| (n - fair).powi(2) / fair).sum();
    // 5 degrees of freedom: an even source stays below 20.5 in 999 of 1,000 runs.
    assert!(chi_square < 20.5, "{chi_square}: {seen:?}");
}
