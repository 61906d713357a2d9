//! `ModifyVpcEndpointServiceConfiguration`: changes an endpoint service, or just has the zones of
//! its load balancers read anew.

use control_core::{Command, command::ModifyService};

use crate::{
    api::Call,
    ec2::{
        id::required_id,
        service_input::{ip_address_types, load_balancers, private_dns_name, regions},
    },
    query::{Fault, Xml},
};

const UNSUPPORTED: &[&str] = &[
    "AddGatewayLoadBalancerArn",
    "RemoveGatewayLoadBalancerArn",
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    let remove = input.boolean("RemovePrivateDnsName")?.unwrap_or(false);
    let private_dns_name = match (private_dns_name(&input)?, remove) {
        (Some(_), true) => {
            let message = "PrivateDnsName and RemovePrivateDnsName exclude each other.";
            return Err(Fault::invalid_combination(message));
        }
        (None, true) => Some(None),
        (name, false) => name.map(Some),
    };
    let command = Command::ModifyService(ModifyService {
        service: required_id(&input, "ServiceId")?,
        acceptance_required: input.boolean("AcceptanceRequired")?,
        add_load_balancers: load_balancers(call, &input, "AddNetworkLoadBalancerArn")?,
        remove_load_balancers: load_balancers(call, &input, "RemoveNetworkLoadBalancerArn")?,
        add_ip_address_types: ip_address_types(&input, "AddSupportedIpAddressType")?,
        remove_ip_address_types: ip_address_types(&input, "RemoveSupportedIpAddressType")?,
        private_dns_name,
        add_regions: regions(&input, "AddSupportedRegion")?,
        remove_regions: regions(&input, "RemoveSupportedRegion")?,
        catalog: None,
    });
    let change = call.change(&input)?;
    call.make(change, command).await?;
    Ok(Xml::yes())
}
