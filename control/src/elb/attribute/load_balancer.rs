//! Attributes of a load balancer.

use control_core::resource::{
    ClientRoutingPolicy, LoadBalancerAttribute as A, LoadBalancerAttributes,
};

use super::{Listed, choice, fixed, listed, name, unknown, value};
use crate::query::Fault;

const CROSS_ZONE: &str = "load_balancing.cross_zone.enabled";
const DELETION_PROTECTION: &str = "deletion_protection.enabled";
const ROUTING_POLICY: &str = "dns_record.client_routing_policy";
const ZONAL_SHIFT: &str = "zonal_shift.config.enabled";
const SECONDARY_ADDRESSES: &str = "secondary_ips.auto_assigned.per_subnet";
const DENY_INTERNET_GATEWAY: &str = "ipv6.deny_all_igw_traffic";
/// Not built: always off.
const ACCESS_LOGS: &str = "access_logs.s3.enabled";

const POLICIES: [(&str, ClientRoutingPolicy); 3] = [
    ("any_availability_zone", ClientRoutingPolicy::AnyZone),
    ("partial_availability_zone_affinity", ClientRoutingPolicy::PartialAffinity),
    ("availability_zone_affinity", ClientRoutingPolicy::Affinity),
];

/// Reads one; none if it is what it always is.
pub(crate) fn read(key: &str, text: &str) -> Result<Option<A>, Fault> {
    Ok(Some(match key {
        CROSS_ZONE => A::CrossZone(value(key, text)?),
        DELETION_PROTECTION => A::DeletionProtection(value(key, text)?),
        ROUTING_POLICY => A::ClientRoutingPolicy(choice(key, text, &POLICIES)?),
        ZONAL_SHIFT => A::ZonalShift(value(key, text)?),
        SECONDARY_ADDRESSES => A::SecondaryAddresses(value(key, text)?),
        DENY_INTERNET_GATEWAY => A::DenyInternetGateway(value(key, text)?),
        ACCESS_LOGS => return fixed(key, text, "false"),
        _ => return Err(unknown(key)),
    }))
}

/// All of them.
pub(in crate::elb) fn all(of: &LoadBalancerAttributes) -> Vec<Listed> {
    vec![
        listed(CROSS_ZONE, of.cross_zone),
        listed(DELETION_PROTECTION, of.deletion_protection),
        listed(ROUTING_POLICY, name(of.client_routing_policy, &POLICIES)),
        listed(ZONAL_SHIFT, of.zonal_shift),
        listed(SECONDARY_ADDRESSES, of.secondary_addresses),
        listed(DENY_INTERNET_GATEWAY, of.deny_internet_gateway),
        listed(ACCESS_LOGS, false),
    ]
}

#[cfg(test)]
mod tests {
    use control_core::resource::Scheme;

    use super::*;

    #[test]
    fn every_attribute_that_is_listed_is_read() {
        for (key, text) in all(&LoadBalancerAttributes::of(Scheme::Internal)) {
            read(key, &text).unwrap();
            assert!(read(key, "nonsense").is_err(), "{key}");
        }
    }
}
