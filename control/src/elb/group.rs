//! Security groups of load balancers, as requests name them.

use std::collections::BTreeSet;

use model::SecurityGroupId;

use crate::query::{Fault, Input, fault::quoted};

/// The member that says whether groups count for connections through endpoints.
pub(super) const ENFORCEMENT: &str = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic";

/// Its values.
pub(super) const ON_OR_OFF: [(&str, bool); 2] = [("on", true), ("off", false)];

/// The groups of a request.
pub(super) fn read(input: &Input<'_>) -> Result<BTreeSet<SecurityGroupId>, Fault> {
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            let message = format!("The security group '{}' does not exist", quoted(text));
            Fault::new("InvalidSecurityGroup", message)
        })
    };
    input.texts("SecurityGroups")?.into_iter().map(parse).collect()
}
