//! What a network sees that others do not.

use std::{net::IpAddr, sync::Arc};

use dns_core::{Catalog, CatalogBuilder, Transport, UDP_LEN_MAX, View, answer};
use model::{DnsRecordIpType, Vpc, VpcId};

use crate::{
    rig::{SERVICE, ZONE, ask, endpoint, health, name, snapshot, text},
    zones::zone,
};

const A: u16 = 1;
const PTR: u16 = 12;
const TXT: u16 = 16;

/// Two networks with overlapping addresses: 1 has endpoint 1, and 2 one with the same addresses.
/// Both are known by clients in 172.16; 172.31 is both's, so nobody's.
fn catalog() -> Catalog {
    let one = endpoint(1, DnsRecordIpType::Dualstack);
    let mut two = endpoint(2, DnsRecordIpType::Dualstack);
    two.vpc = VpcId::from_bits(2);
    for (own, other) in two.interfaces.iter_mut().zip(&one.interfaces) {
        (own.ipv4, own.ipv6) = (other.ipv4, other.ipv6);
    }
    let mut builder = CatalogBuilder::default();
    let networks = [
        (1, &["172.16.1.0/24", "172.31.0.0/16", "fd01::/16"][..]),
        (2, &["172.16.2.0/24", "172.31.0.0/16"]),
    ];
    let networks = networks.map(|(vpc, prefixes)| {
        let prefixes = prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect();
        (VpcId::from_bits(vpc), prefixes)
    });
    builder.set_networks(networks.into());
    let soa = "@ 60 SOA ns m 1 2 3 4 60\n";
    builder.set_static_zones(vec![
        zone("example.test", &format!("{soa}x A 192.0.2.1\nboth A 192.0.2.1\n")).unwrap(),
        zone("sub.example.test", &format!("{soa}x A 192.0.2.2\n"))
            .unwrap()
            .only_for(&[VpcId::from_bits(1)]),
        zone("example.test", &format!("{soa}both A 192.0.2.3\n"))
            .unwrap()
            .only_for(&[VpcId::from_bits(2)]),
    ]);
    builder.build(&snapshot(7, [one, two]), &health(&[0, 1, 2]))
}

/// What a client at this address is answered.
pub(crate) fn asked_from(catalog: &Catalog, client: &str, name: &str, qtype: u16) -> String {
    asked(catalog.view_of(client.parse::<IpAddr>().unwrap()), name, qtype)
}

/// What is answered from this view.
pub(crate) fn asked(view: &View, name: &str, qtype: u16) -> String {
    let mut buffer = [0; UDP_LEN_MAX];
    let len = answer(view, &ask(name, qtype).bytes(), Transport::Udp, 0, &mut buffer).len;
    text(&buffer[..len])
}

#[test]
fn static_zones_are_seen_by_their_networks_and_the_nearest_answers() {
    let catalog = catalog();
    let rows = [
        ("192.0.2.9", "x.example.test", "NoError aa\nx.example.test. 60 A 192.0.2.1"),
        ("172.16.1.5", "x.example.test", "NoError aa\nx.example.test. 60 A 192.0.2.1"),
        ("172.16.1.5", "x.sub.example.test", "NoError aa\nx.sub.example.test. 60 A 192.0.2.2"),
        (
            "::ffff:172.16.1.5",
            "x.sub.example.test",
            "NoError aa\nx.sub.example.test. 60 A 192.0.2.2",
        ),
        ("fd01::1", "x.sub.example.test", "NoError aa\nx.sub.example.test. 60 A 192.0.2.2"),
        ("172.16.2.5", "both.example.test", "NoError aa\nboth.example.test. 60 A 192.0.2.3"),
        ("172.31.0.1", "both.example.test", "NoError aa\nboth.example.test. 60 A 192.0.2.1"),
    ];
    for (client, name, expected) in rows {
        assert_eq!(asked_from(&catalog, client, name, A), expected, "{client} {name}");
    }
    for client in ["172.16.2.5", "172.31.0.1", "192.0.2.9"] {
        let answer = asked_from(&catalog, client, "x.sub.example.test", A);
        assert!(answer.starts_with("NXDomain aa"), "{client}: {answer}");
    }
}

#[test]
fn clients_are_told_by_the_snapshots_networks_unless_the_operator_knows_better() {
    let mut world = snapshot(7, [endpoint(1, DnsRecordIpType::Dualstack)]);
    for (vpc, cidr) in
        [(1, "10.1.0.0/16"), (2, "10.2.0.0/16"), (3, "10.2.0.0/16"), (4, "10.1.0.0/16")]
    {
        let (id, cidrs) = (VpcId::from_bits(vpc), vec![cidr.parse().unwrap()]);
        world.vpcs.insert(id, Arc::new(Vpc::new(id, cidrs)));
    }
    let soa = "@ 60 SOA ns m 1 2 3 4 60\n";
    let zone_of = |vpc: u8| {
        let text = format!("{soa}x A 192.0.2.{vpc}\n");
        zone("example.test", &text).unwrap().only_for(&[VpcId::from_bits(vpc.into())])
    };
    let mut builder = CatalogBuilder::default();
    builder.set_static_zones(vec![zone_of(2), zone_of(3)]);
    let seen = |builder: &mut CatalogBuilder, client: &str| {
        let catalog = builder.build(&world, &health(&[0, 1, 2]));
        let x = asked_from(&catalog, client, "x.example.test", A);
        let pointer = asked_from(&catalog, client, "1.0.2.10.in-addr.arpa", PTR);
        (x.rsplit(' ').next().unwrap().to_owned(), pointer.starts_with("NoError"))
    };
    // Network 4 has the addresses of 1, but sees nothing that others do not.
    assert_eq!(seen(&mut builder, "10.1.0.9"), ("Refused".to_owned(), true));
    assert_eq!(seen(&mut builder, "::ffff:10.1.0.9"), ("Refused".to_owned(), true));
    assert_eq!(seen(&mut builder, "10.2.0.9"), ("Refused".to_owned(), false), "2 or 3");
    builder.set_networks(vec![
        (VpcId::from_bits(3), vec!["10.2.0.0/16".parse().unwrap()]),
        (VpcId::from_bits(2), vec!["10.2.7.0/24".parse().unwrap()]),
    ]);
    assert_eq!(seen(&mut builder, "10.2.0.9"), ("192.0.2.3".to_owned(), false));
    assert_eq!(seen(&mut builder, "10.2.7.9"), ("192.0.2.2".to_owned(), false));
}

#[test]
fn endpoint_names_are_seen_by_all() {
    let catalog = catalog();
    for client in ["172.16.1.5", "172.16.2.5", "172.31.0.1", "192.0.2.9", "::1"] {
        let answer = asked_from(&catalog, client, &name(1, Some(0)), A);
        assert!(answer.ends_with(" 60 A 10.0.0.1"), "{client}: {answer}");
    }
}

#[test]
fn rfc1035_3_5_addresses_have_names_in_their_own_network_only() {
    let catalog = catalog();
    let zonal = |n| name(n, Some(2)).replace(&format!("{SERVICE}.{ZONE}"), "svc.@");
    let ipv4 = "1.0.2.10.in-addr.arpa";
    let ipv6 = format!("1.{}2.0.0.0.0.0.d.f.ip6.arpa", "0.".repeat(23));
    for (client, n) in [("172.16.1.5", 1), ("172.16.2.5", 2)] {
        for owner in [ipv4, &ipv6] {
            let expected = format!("NoError aa\n{owner}. 60 PTR {}", zonal(n));
            assert_eq!(asked_from(&catalog, client, owner, PTR), expected, "{client}");
        }
    }
    for client in ["192.0.2.9", "172.31.0.1"] {
        assert_eq!(asked_from(&catalog, client, ipv4, PTR), "Refused");
    }
    // Only the name itself is ours: neither those beside and above it, nor those below.
    for name in ["9.0.2.10.in-addr.arpa", "2.10.in-addr.arpa", "x.1.0.2.10.in-addr.arpa"] {
        assert_eq!(asked_from(&catalog, "172.16.1.5", name, PTR), "Refused");
    }
    let absence = format!("NoError aa\n~{ipv4}. 60 SOA ns1.@ hostmaster.@ 7 7200 900 1209600 60");
    assert_eq!(asked_from(&catalog, "172.16.1.5", ipv4, TXT), absence);
}
