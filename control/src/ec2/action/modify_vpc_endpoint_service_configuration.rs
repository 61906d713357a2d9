//! `ModifyVpcEndpointServiceConfiguration`: changes an endpoint service, or just has the zones of
//! its load balancers read anew.

use control_core::{Command, command::ModifyService};

use crate::{
    api::Call,
    ec2::{
        id::required_id,
        service_input::{ip_address_types, load_balancers},
    },
    query::{Fault, Xml},
};

const UNSUPPORTED: &[&str] = &[
    "AddGatewayLoadBalancerArn",
    "PrivateDnsName",
    "RemoveGatewayLoadBalancerArn",
    "RemoveSupportedRegion",
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    call.check_regions(&input.texts("AddSupportedRegion")?)?;
    // There is no private DNS name to remove, so it is as good as removed.
    input.boolean("RemovePrivateDnsName")?;
    let command = Command::ModifyService(ModifyService {
        service: required_id(&input, "ServiceId")?,
        acceptance_required: input.boolean("AcceptanceRequired")?,
        add_load_balancers: load_balancers(call, &input, "AddNetworkLoadBalancerArn")?,
        remove_load_balancers: load_balancers(call, &input, "RemoveNetworkLoadBalancerArn")?,
        add_ip_address_types: ip_address_types(&input, "AddSupportedIpAddressType")?,
        remove_ip_address_types: ip_address_types(&input, "RemoveSupportedIpAddressType")?,
    });
    let change = call.change(&input)?;
    call.make(change, command).await?;
    Ok(Xml::yes())
}
