//! Which addresses of an endpoint are in an answer, and why not the others.

use dns_core::{
    CatalogBuilder, RecordType,
    explain::{Asked, Explanation, Use, ZoneHealth, endpoint_of_name, explain},
};
use model::{DnsRecordIpType, TargetGroupId, VpcEndpointId, ZoneTrouble};

use crate::rig::{endpoint, health, name, snapshot};

fn explained(
    healthy: &[usize],
    name: &str,
    kind: DnsRecordIpType,
    rtype: RecordType,
) -> Explanation {
    let (world, health) = (snapshot(7, [endpoint(1, kind)]), health(healthy));
    let catalog = CatalogBuilder::default().build(&world, &health);
    let (name, client) = (name.parse().unwrap(), "192.0.2.1".parse().unwrap());
    let asked = Asked { name: &name, rtype, client, listener: None };
    explain(&catalog, (&world, &health), &asked)
}

/// What becomes of each interface's IPv4 address and then of its IPv6 address.
fn uses(explanation: &Explanation) -> Vec<[Use; 2]> {
    let facts = explanation.steps.last().unwrap().endpoint.as_ref().unwrap();
    let of = |index: usize| {
        [facts.interfaces[index].addresses[0].1, facts.interfaces[index].addresses[1].1]
    };
    (0..facts.interfaces.len()).map(of).collect()
}

#[test]
fn every_address_has_its_reason() {
    use DnsRecordIpType::{Dualstack, Ipv6};
    use Use::{Given, GivenForWantOfBetter, LeftOutByType, NotAsked, Unhealthy};
    let (a, regional, zonal) = (RecordType::A, name(1, None), name(1, Some(0)));
    let rows = [
        (&[1][..], &regional, Dualstack, a, vec![Unhealthy, Given, Unhealthy]),
        (&[0, 1, 2], &regional, Dualstack, a, vec![Given; 3]),
        (&[], &regional, Dualstack, a, vec![GivenForWantOfBetter; 3]),
        (&[1], &zonal, Dualstack, a, vec![GivenForWantOfBetter]),
        (&[0], &zonal, Dualstack, a, vec![Given]),
        (&[0], &regional, Ipv6, a, vec![LeftOutByType; 3]),
        (&[0], &regional, Dualstack, RecordType::AAAA, vec![NotAsked; 3]),
        (&[0], &regional, Dualstack, RecordType::TXT, vec![NotAsked; 3]),
    ];
    for (healthy, name, kind, rtype, expected) in rows {
        let explanation = explained(healthy, name, kind, rtype);
        let ipv4: Vec<_> = uses(&explanation).iter().map(|[ipv4, _]| *ipv4).collect();
        assert_eq!(ipv4, expected, "{name} {kind:?} {healthy:?}");
    }
    let six = explained(&[1], &regional, Dualstack, RecordType::AAAA);
    let ipv6: Vec<_> = uses(&six).iter().map(|[_, ipv6]| *ipv6).collect();
    assert_eq!(ipv6, [Unhealthy, Given, Unhealthy]);
    let facts = six.steps[0].endpoint.as_ref().unwrap();
    let group = TargetGroupId::from_bits(1);
    let few = ZoneTrouble::TooFewHealthy { group, healthy: 0, targets: 1 };
    assert_eq!(facts.interfaces[0].health, ZoneHealth::Unhealthy(few));
    assert_eq!(facts.interfaces[1].health, ZoneHealth::Healthy);
}

#[test]
fn a_name_tells_whose_it_would_be() {
    for (name, expected) in [
        (name(9, None), Some(VpcEndpointId::from_bits(9))),
        (name(9, Some(1)), Some(VpcEndpointId::from_bits(9))),
        ("vpce-svc-0e123abc123198abc.us-east-1.vpce.amazonaws.com".to_owned(), None),
        ("vpce-0e123abc123198abc.example.test".to_owned(), None),
        ("www.example.test".to_owned(), None),
    ] {
        assert_eq!(endpoint_of_name(&name.parse().unwrap()), expected, "{name}");
    }
}
