//! `SetSubnets`: enables a load balancer in other zones.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        shape::load_balancer::{IP_ADDRESS_TYPES, ip_address_type, write_zones},
        subnet,
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    input.choice("EnablePrefixForIpv6SourceNat", &[("off", ())])?;
    let command = Command::SetSubnets {
        load_balancer: arns.load_balancer(input.required_text("LoadBalancerArn")?)?.id,
        subnets: subnet::read(&input)?,
        ip_address_type: input.choice("IpAddressType", &IP_ADDRESS_TYPES)?,
    };
    let change = call.change(&input)?;

    let Outcome::LoadBalancer(found) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    write_zones(&mut xml, arns, &found);
    xml.text("IpAddressType", ip_address_type(&found));
    Ok(xml)
}
