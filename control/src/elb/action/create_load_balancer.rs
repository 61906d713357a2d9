//! `CreateLoadBalancer`: makes a Network Load Balancer.

use control_core::{Command, Outcome, command::CreateLoadBalancer};
use model::IpAddressType;

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        group,
        shape::load_balancer::{IP_ADDRESS_TYPES, SCHEMES, write},
        subnet, tag,
    },
    query::{Fault, Xml},
};

const UNSUPPORTED: &[&str] = &["CustomerOwnedIpv4Pool", "IpamPools"];
pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    if input.text("Type")? != Some("network") {
        let message = "The only type of load balancers supported here is network.";
        return Err(Fault::new("InvalidConfigurationRequest", message));
    }
    input.choice("EnablePrefixForIpv6SourceNat", &[("off", ())])?;
    let command = Command::CreateLoadBalancer(CreateLoadBalancer {
        name: input.required_text("Name")?.into(),
        subnets: subnet::read(&input)?,
        scheme: input.choice("Scheme", &SCHEMES)?.unwrap_or_default(),
        ip_address_type: input
            .choice("IpAddressType", &IP_ADDRESS_TYPES)?
            .unwrap_or(IpAddressType::Ipv4),
        security_groups: group::read(&input)?,
        tags: tag::read(&input)?,
    });
    let change = call.change(&input)?;

    let Outcome::LoadBalancer(lb) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let mut xml = Xml::new();
    xml.list("LoadBalancers", "member", [&lb], |xml, lb| write(xml, arns, lb));
    Ok(xml)
}
