//! Members that creating and modifying an endpoint service share.

use std::collections::BTreeSet;

use model::{DnsName, IpAddressType, LoadBalancerId, RegionName};

use super::shape::IP_ADDRESS_TYPES;
use crate::{
    api::Call,
    arn::{ArnBase, arn_id},
    query::{Fault, Input, fault::quoted},
};

/// Reads a list of ARNs of the caller's load balancers.
pub(super) fn load_balancers(
    call: &Call<'_>,
    input: &Input<'_>,
    name: &str,
) -> Result<BTreeSet<LoadBalancerId>, Fault> {
    let registry = call.registry();
    let view = registry.view(call.caller());
    let base = ArnBase { region: &view.settings().region, account: &call.caller().account };
    let find = |arn: &str| {
        arn_id(arn, "loadbalancer")
            .and_then(|id| view.load_balancer(id).ok())
            .filter(|lb| base.load_balancer(&lb.name, lb.id) == arn)
            .map(|lb| lb.id)
            .ok_or_else(|| {
                let arn = quoted(arn);
                Fault::new("LoadBalancerNotFound", format!("Load balancer '{arn}' not found"))
            })
    };
    input.texts(name)?.into_iter().map(find).collect()
}

/// Reads a list of address types.
pub(super) fn ip_address_types(
    input: &Input<'_>,
    name: &str,
) -> Result<BTreeSet<IpAddressType>, Fault> {
    let find = |text: &str| {
        let found = IP_ADDRESS_TYPES.iter().find(|(known, _)| *known == text);
        found.map(|(_, of)| *of).ok_or_else(|| Fault::invalid_value(name, text, "ipv4 or ipv6"))
    };
    input.texts(name)?.into_iter().map(find).collect()
}

/// Reads a list of Regions.
pub(super) fn regions(input: &Input<'_>, name: &str) -> Result<BTreeSet<RegionName>, Fault> {
    let read = |text: &str| {
        text.parse().map_err(|_| Fault::invalid_value(name, text, "the name of a Region"))
    };
    input.texts(name)?.into_iter().map(read).collect()
}

/// Reads the private DNS name of a service: a domain, not just a label.
pub(super) fn private_dns_name(input: &Input<'_>) -> Result<Option<DnsName>, Fault> {
    let expected = "a lower-case domain name";
    let name: Option<DnsName> = input.parse("PrivateDnsName", expected)?;
    match name {
        Some(name) if !is_domain(&name) => {
            Err(Fault::invalid_value("PrivateDnsName", name.as_str(), expected))
        }
        name => Ok(name),
    }
}

/// Two labels at least, not counting a wildcard.
fn is_domain(name: &DnsName) -> bool {
    name.as_str().strip_prefix("*.").unwrap_or(name.as_str()).contains('.')
}
