//! Services' own names: seen in the endpoint's network alone, and nothing beside them is.

use std::sync::Arc;

use dns_core::{Catalog, CatalogBuilder};
use model::{DnsRecordIpType, Vpc, VpcId};

use crate::{
    rig::{endpoint, health, name, snapshot},
    views::asked_from,
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
    world.vpcs.insert(id, Arc::new(Vpc { id, cidrs }));
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
fn an_endpoint_may_have_several_private_names() {
    let names = ["xray.us-east-1.amazonaws.com", "xray.us-east-1.api.aws"];
    let catalog = catalog(&[(DnsRecordIpType::Ipv4, &names.join(" "))]);
    for owner in names {
        let expected = format!("NoError aa\n{}\n{} 60 A 10.1.0.1", alias(owner, 1), short(1));
        assert_eq!(asked_from(&catalog, INSIDE, owner, A), expected);
    }
}
