//! `ModifyVpcEndpoint`: changes the subnets, addresses and names of an endpoint.

use control_core::{Command, command::ModifyEndpoint};

use crate::{
    api::Call,
    ec2::{
        endpoint_input::{check_dns_options, policy, subnet_addresses},
        id::{ids, required_id},
        shape::{DNS_RECORD_IP_TYPES, IP_ADDRESS_TYPES},
    },
    query::{Fault, Xml},
};

const UNSUPPORTED: &[&str] = &[
    "AddRouteTableId",
    "RemoveRouteTableId",
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    let policy = match (policy(&input)?, input.boolean("ResetPolicy")?.unwrap_or(false)) {
        (Some(_), true) => {
            let message = "PolicyDocument and ResetPolicy exclude each other.";
            return Err(Fault::invalid_combination(message));
        }
        (None, true) => Some(None),
        (policy, false) => policy.map(Some),
    };
    let options = input.structure("DnsOptions");
    check_dns_options(&options)?;
    let command = Command::ModifyEndpoint(ModifyEndpoint {
        endpoint: required_id(&input, "VpcEndpointId")?,
        add_subnets: ids(&input, "AddSubnetId")?,
        remove_subnets: ids(&input, "RemoveSubnetId")?,
        addresses: subnet_addresses(&input)?,
        ip_address_type: input.choice("IpAddressType", &IP_ADDRESS_TYPES)?,
        private_dns: input.boolean("PrivateDnsEnabled")?,
        dns_record_ip_type: options.choice("DnsRecordIpType", &DNS_RECORD_IP_TYPES)?,
        policy,
        add_security_groups: ids(&input, "AddSecurityGroupId")?.into_iter().collect(),
        remove_security_groups: ids(&input, "RemoveSecurityGroupId")?.into_iter().collect(),
    });
    let change = call.change(&input)?;
    call.make(change, command).await?;
    Ok(Xml::yes())
}
