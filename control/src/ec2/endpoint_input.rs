//! Members that creating and modifying an endpoint share.

use std::sync::Arc;

use control_core::command::SubnetAddresses;

use super::id::required_id;
use crate::query::{Fault, Input};

/// Reads `SubnetConfiguration.N`: the addresses that interfaces are to have.
pub(super) fn subnet_addresses(input: &Input<'_>) -> Result<Vec<SubnetAddresses>, Fault> {
    let read = |one: Input<'_>| {
        Ok(SubnetAddresses {
            subnet: required_id(&one, "SubnetId")?,
            ipv4: one.parse("Ipv4", "an IPv4 address")?,
            ipv6: one.parse("Ipv6", "an IPv6 address")?,
        })
    };
    input.structures("SubnetConfiguration").into_iter().map(read).collect()
}

/// Refuses options about private DNS names that have no meaning here.
pub(super) fn check_dns_options(options: &Input<'_>) -> Result<(), Fault> {
    options.refuse(&["PrivateDnsPreference", "PrivateDnsSpecifiedDomain"])?;
    match options.boolean("PrivateDnsOnlyForInboundResolverEndpoint")? {
        Some(true) => {
            let name = options.full_name("PrivateDnsOnlyForInboundResolverEndpoint");
            Err(Fault::unsupported_parameter(&name))
        }
        Some(false) | None => Ok(()),
    }
}

/// Reads an endpoint's policy: a resource policy under the guide's extra rules.
pub(super) fn policy(input: &Input<'_>) -> Result<Option<Arc<str>>, Fault> {
    let Some(text) = input.text("PolicyDocument")? else { return Ok(None) };
    match iam::endpoint_policy::parse(text) {
        Ok(_) => Ok(Some(text.into())),
        Err(refused) => Err(Fault::new(
            "InvalidPolicyDocument",
            format!("The policy document is not valid: {refused}"),
        )),
    }
}
