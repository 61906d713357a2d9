//! Subnets of load balancers, as requests name them.

use model::SubnetId;

use crate::query::{Fault, Input, fault::quoted};

/// Members of a subnet mapping that give the load balancer addresses of its own, which it has none
/// of.
const UNSUPPORTED: &[&str] =
    &["AllocationId", "IPv6Address", "PrivateIPv4Address", "SourceNatIpv6Prefix"];

/// Reads `Subnets` and `SubnetMappings`.
pub(super) fn read(input: &Input<'_>) -> Result<Vec<SubnetId>, Fault> {
    let mut texts = input.texts("Subnets")?;
    for mapping in input.structures("SubnetMappings") {
        mapping.refuse(UNSUPPORTED)?;
        texts.push(mapping.required_text("SubnetId")?);
    }
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            let message = format!("The subnet ID '{}' does not exist", quoted(text));
            Fault::new("SubnetNotFound", message)
        })
    };
    texts.into_iter().map(parse).collect()
}
