//! `SetIpAddressType`: gives a load balancer IPv6 addresses, or takes them from it.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        shape::load_balancer::{IP_ADDRESS_TYPES, ip_address_type},
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let load_balancer = arns.load_balancer(input.required_text("LoadBalancerArn")?)?.id;
    let wanted = input.choice("IpAddressType", &IP_ADDRESS_TYPES)?;
    let wanted = wanted.ok_or_else(|| Fault::missing_parameter("IpAddressType"))?;
    let change = call.change(&input)?;

    let command = Command::SetIpAddressType { load_balancer, ip_address_type: wanted };
    let Outcome::LoadBalancer(found) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    xml.text("IpAddressType", ip_address_type(&found));
    Ok(xml)
}
