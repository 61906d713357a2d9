//! Services' own names: seen in the endpoint's network alone, and nothing beside them is.

use std::sync::Arc;

use dns_core::{Catalog, CatalogBuilder};
use model::{DnsRecordIpType, Vpc, VpcId};

use crate::{
    rig::{endpoint, health, name, snapshot},
    views::{asked, asked_from},
};

const A: u16 = 1;
const AAAA: u16 = 28;
const CNAME: u16 = 5;
const TXT: u16 = 16;
const INSIDE: &str = "10.1.0.9";

/// Network 1 with endpoints 1 to 4 of these types and names, of which zone 1 alone is healthy.
fn catalog(rows: &[(DnsRecordIpType, &str)]) -> Catalog {
    let endpoints = (1..).zip(rows).map(|(n, (kind, name))| {
        let mut endpoint = endpoint(n, *kind);
        endpoint.private_dns_names = name.split(' ').map(|it| it.parse().unwrap()).collect();
        endpoint
    });
    let mut world = snapshot(7, endpoints);
    let (id, cidrs) = (VpcId::from_bits(1), vec!["10.1.0.0/16".parse().unwrap()]);
    world.vpcs.insert(id, Arc::new(Vpc::new(id, cidrs)));
    CatalogBuilder::default().build(&world, &health(&[1]))
}

fn alias(owner: &str, n: u16) -> String {
    format!("{owner}. 60 CNAME {}", short(n))
}

/// The Regional name as answers show it.
fn short(n: u16) -> String {
    let (service, zone) = (crate::rig::SERVICE, crate::rig::ZONE);
    name(n, None).replace(&format!("{service}.{zone}"), "svc.@")
}

#[test]
fn a_private_name_leads_to_the_regional_one_in_one_reply() {
    let catalog = catalog(&[(DnsRecordIpType::Dualstack, "api.example.com")]);
    let owner = "api.example.com";
    let (alias, regional) = (alias(owner, 1), short(1));
    for (qtype, address) in [(A, "A 10.1.0.1"), (AAAA, "AAAA fd00:1::1")] {
        let expected = format!("NoError aa\n{alias}\n{regional} 60 {address}");
        assert_eq!(asked_from(&catalog, INSIDE, owner, qtype), expected);
    }
    let expected = format!("NoError aa\n{alias}");
    assert_eq!(asked_from(&catalog, INSIDE, owner, CNAME), expected);
    // The type is absent at the end of the alias, so that zone says so (RFC 2308 2.2).
    let answer = asked_from(&catalog, INSIDE, owner, TXT);
    assert!(answer.starts_with(&format!("NoError aa\n{alias}\n~@ 60 SOA ")), "{answer}");
    for other in ["example.com", "www.example.com", "x.api.example.com"] {
        assert_eq!(asked_from(&catalog, INSIDE, other, A), "Refused", "{other}");
    }
    for outside in ["10.2.0.9", "192.0.2.1", "::1"] {
        assert_eq!(asked_from(&catalog, outside, owner, A), "Refused", "{outside}");
    }
}

#[test]
fn record_types_of_private_names_are_those_of_the_guides_tables() {
    use DnsRecordIpType::{Dualstack, Ipv4, Ipv6, ServiceDefined};
    let rows = [
        (Dualstack, "d.example.com", [true, true]),
        (Ipv4, "four.example.com", [true, false]),
        (Ipv6, "six.example.com", [false, true]),
        (ServiceDefined, "s.example.com", [true, false]),
    ];
    let catalog = catalog(&rows.map(|(kind, name, _)| (kind, name)));
    for (_, name, expected) in rows {
        for (qtype, has) in [A, AAAA].into_iter().zip(expected) {
            let answer = asked_from(&catalog, INSIDE, name, qtype);
            assert!(answer.starts_with("NoError aa\n"), "{answer}");
            assert_eq!(answer.contains(" 60 A"), has, "{name} {qtype}: {answer}");
        }
    }
    // No alias either, which would lead to the AAAA records of the Regional name.
    let answer = asked_from(&catalog, INSIDE, "s.example.com", AAAA);
    assert!(answer.starts_with("NoError aa\n~s.example.com. 60 SOA "), "{answer}");
    let answer = asked_from(&catalog, INSIDE, &name(4, None), AAAA);
    assert!(answer.contains(" 60 AAAA "), "{answer}");
}

#[test]
fn a_private_wildcard_stands_for_all_below_it_but_endpoint_names() {
    let kind = DnsRecordIpType::Dualstack;
    let catalog = catalog(&[(kind, "*.amazonaws.com"), (kind, "one.amazonaws.com")]);
    for (name, n) in [("x.amazonaws.com", 1), ("y.x.amazonaws.com", 1), ("one.amazonaws.com", 2)] {
        let expected = format!("NoError aa\n{}\n{} 60 A 10.1.0.{n}", alias(name, n), short(n));
        assert_eq!(asked_from(&catalog, INSIDE, name, A), expected);
    }
    assert_eq!(asked_from(&catalog, INSIDE, "amazonaws.com", A), "Refused");
    let answer = asked_from(&catalog, INSIDE, &name(9, None), A);
    assert!(answer.starts_with("NXDomain aa\n~@ "), "{answer}");
}

#[test]
fn private_names_for_inbound_clients_are_hidden_from_those_inside() {
    let mut endpoint = endpoint(1, DnsRecordIpType::Dualstack);
    endpoint.private_dns_names = ["api.example.com".parse().unwrap()].into();
    let regional = name(1, None);
    let mut world = snapshot(7, [endpoint]);
    let (id, cidrs) = (VpcId::from_bits(1), vec!["10.1.0.0/16".parse().unwrap()]);
    world.vpcs.insert(id, Arc::new(Vpc::new(id, cidrs)));
    let mut builder = CatalogBuilder::default();
    builder.set_networks(vec![(id, vec!["192.168.0.0/16".parse().unwrap()])]);
    for is_inbound_only in [false, true] {
        builder.set_inbound_only(is_inbound_only.then_some(id).into_iter().collect());
        let catalog = builder.build(&world, &health(&[1]));
        let rows = [
            // By its own address, by one that the operator says is the network's, by none.
            (catalog.view_of(INSIDE.parse().unwrap()), !is_inbound_only),
            (catalog.view_of("192.168.1.1".parse().unwrap()), true),
            (catalog.view_of("192.0.2.1".parse().unwrap()), false),
            // The same at the network's listener, the inbound endpoint.
            (catalog.view_in(id, INSIDE.parse().unwrap()), !is_inbound_only),
            (catalog.view_in(id, "192.168.1.1".parse().unwrap()), true),
            (catalog.view_in(id, "192.0.2.1".parse().unwrap()), true),
        ];
        for (row, (view, is_seen)) in rows.into_iter().enumerate() {
            let answer = asked(view, "api.example.com", A);
            assert_eq!(answer.starts_with("NoError"), is_seen, "{row} {is_inbound_only}: {answer}");
            assert!(asked(view, &regional, A).starts_with("NoError"), "{row}");
        }
        // Names of addresses are everyone's who is told to be of the network.
        let pointer = "1.0.1.10.in-addr.arpa";
        let answer = asked(catalog.view_of(INSIDE.parse().unwrap()), pointer, 12);
        assert!(answer.starts_with("NoError aa\n"), "{answer}");
    }
}

/// The guide's tables "DNS record IP type": which records the private name, the Regional name and
/// a zonal name of an endpoint have, by the addresses of the endpoint and the type chosen.
#[test]
fn all_names_have_the_record_types_of_the_guides_tables() {
    use DnsRecordIpType::{Dualstack, Ipv4, Ipv6, ServiceDefined};
    // Addresses of the endpoint, type, then A and AAAA of private, Regional and zonal name.
    let rows = [
        ([true, false], Ipv4, [[true, false], [true, false], [true, false]]),
        ([false, true], Ipv6, [[false, true], [false, true], [false, true]]),
        ([true, true], Ipv4, [[true, false], [true, false], [true, false]]),
        ([true, true], Ipv6, [[false, true], [false, true], [false, true]]),
        ([true, true], Dualstack, [[true, true], [true, true], [true, true]]),
        ([true, true], ServiceDefined, [[true, false], [true, true], [true, true]]),
        // Services define A records alone for what has no other addresses.
        ([true, false], ServiceDefined, [[true, false], [true, false], [true, false]]),
    ];
    for ([has_ipv4, has_ipv6], kind, expected) in rows {
        let mut endpoint = endpoint(1, kind);
        endpoint.private_dns_names = ["api.example.com".parse().unwrap()].into();
        for interface in &mut endpoint.interfaces {
            interface.ipv4 = interface.ipv4.filter(|_| has_ipv4);
            interface.ipv6 = interface.ipv6.filter(|_| has_ipv6);
        }
        let mut world = snapshot(7, [endpoint]);
        let (id, cidrs) = (VpcId::from_bits(1), vec!["10.1.0.0/16".parse().unwrap()]);
        world.vpcs.insert(id, Arc::new(Vpc::new(id, cidrs)));
        let catalog = CatalogBuilder::default().build(&world, &health(&[0, 1, 2]));
        let names = ["api.example.com".to_owned(), name(1, None), name(1, Some(0))];
        for (name, has) in names.into_iter().zip(expected) {
            for ((qtype, word), has) in [(A, " A "), (AAAA, " AAAA ")].into_iter().zip(has) {
                let answer = asked_from(&catalog, INSIDE, &name, qtype);
                // What a name lacks it has no data for; it exists all the same (RFC 4074).
                assert!(answer.starts_with("NoError aa\n"), "{answer}");
                assert_eq!(answer.contains(word), has, "{name} {kind:?} {word}: {answer}");
            }
        }
    }
}

#[test]
fn an_endpoint_may_have_several_private_names() {
    let names = ["xray.us-east-1.amazonaws.com", "xray.us-east-1.api.aws"];
    let catalog = catalog(&[(DnsRecordIpType::Ipv4, &names.join(" "))]);
    for owner in names {
        let expected = format!("NoError aa\n{}\n{} 60 A 10.1.0.1", alias(owner, 1), short(1));
        assert_eq!(asked_from(&catalog, INSIDE, owner, A), expected);
    }
}
