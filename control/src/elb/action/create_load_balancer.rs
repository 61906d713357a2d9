//! `CreateLoadBalancer`: Network Load Balancers.

use control_core::{Command, Outcome, command::CreateLoadBalancer, resource::Scheme};
use model::{IpAddressType, SubnetId};

use crate::{
    api::Call,
    elb::{code, member, shape},
    query::{Fault, Input, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    // Without it AWS makes an Application Load Balancer, which no endpoint service can have.
    if input.text("Type")? != Some("network") {
        return Err(Fault::new(
            "InvalidConfigurationRequest",
            "Type must be 'network': other load balancers are not served here",
        ));
    }
    input.refuse(&["SecurityGroups", "CustomerOwnedIpv4Pool", "IpamPools"])?;
    let schemes = [("internal", Scheme::Internal), ("internet-facing", Scheme::InternetFacing)];
    let types = [("ipv4", IpAddressType::Ipv4), ("dualstack", IpAddressType::Dualstack)];
    let create = CreateLoadBalancer {
        name: input.required_text("Name")?.into(),
        subnets: subnets(&input)?,
        scheme: input.choice("Scheme", &schemes)?.unwrap_or_default(),
        ip_address_type: input.choice("IpAddressType", &types)?.unwrap_or(IpAddressType::Ipv4),
        tags: member::tags(&input)?,
    };
    let ready = call.ready(&input)?;
    let outcome = call.make_each(&ready, Command::CreateLoadBalancer(create)).await?;
    let Outcome::LoadBalancer(lb) = outcome else { return Err(code::unexpected(&outcome)) };
    let mut xml = Xml::new();
    shape::load_balancer::write_all(&mut xml, ready.registry(), call.caller(), [&*lb]);
    Ok(xml)
}

/// `Subnets` or `SubnetMappings`; addresses are not the caller's to choose yet.
fn subnets(input: &Input<'_>) -> Result<Vec<SubnetId>, Fault> {
    let mut subnets = input.texts("Subnets")?;
    let mappings = input.structures("SubnetMappings");
    if !subnets.is_empty() && !mappings.is_empty() {
        return Err(Fault::invalid_combination(
            "Only one of Subnets and SubnetMappings can be specified",
        ));
    }
    for mapping in &mappings {
        mapping.refuse(&["AllocationId", "PrivateIPv4Address", "IPv6Address"])?;
        subnets.push(mapping.required_text("SubnetId")?);
    }
    let parse = |text: &str| text.parse().map_err(|_| code::subnet_not_found(text));
    subnets.into_iter().map(parse).collect()
}
