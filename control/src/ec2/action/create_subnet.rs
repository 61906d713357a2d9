//! `CreateSubnet`: makes a part of a network, in one zone.

use control_core::{
    Command, Outcome, ZoneRef, command::CreateSubnet, resource::ResourceKind,
};
use model::{ZoneId, ZoneName};

use crate::{
    api::Call,
    ec2::{describe::Listed, id::required_id, shape::subnet::SubnetView, tag, unsuccessful::recoded},
    query::{Fault, Input, Xml},
};

const UNSUPPORTED: &[&str] = &[
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
    "OutpostArn",
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    let is_native = input.boolean("Ipv6Native")? == Some(true);
    let cidr = input.parse("CidrBlock", "an IPv4 CIDR block")?;
    let ipv6 = input.parse("Ipv6CidrBlock", "an IPv6 CIDR block")?;
    check_blocks(is_native, cidr.is_some(), ipv6.is_some())?;
    let command = Command::CreateSubnet(CreateSubnet {
        vpc: required_id(&input, "VpcId")?,
        cidr,
        ipv6,
        zone: zone(&input)?,
        tags: tag::specification(&input, ResourceKind::Subnet)?,
    });
    let change = call.change(&input)?;

    let made = call.make(change, command).await;
    let made = made.map_err(|fault| recoded(fault, "InvalidVpc.Range", "InvalidSubnet.Range"))?;
    let Outcome::Subnet(subnet) = made else { return Err(Fault::internal()) };
    let registry = call.registry();
    let subnet = SubnetView::new(registry.view(call.caller()), &subnet);
    let mut xml = Xml::new();
    xml.element("subnet", |xml| subnet.write(xml));
    Ok(xml)
}

/// Only an IPv6-only subnet has no IPv4 block, and it has an IPv6 one.
fn check_blocks(is_native: bool, has_ipv4: bool, has_ipv6: bool) -> Result<(), Fault> {
    match (is_native, has_ipv4, has_ipv6) {
        (false, true, _) | (true, false, true) => Ok(()),
        (false, false, _) => Err(Fault::missing_parameter("CidrBlock")),
        (true, false, false) => Err(Fault::missing_parameter("Ipv6CidrBlock")),
        (true, true, _) => {
            let message = "An IPv6-only subnet cannot have an IPv4 CIDR block.";
            Err(Fault::invalid_combination(message))
        }
    }
}

fn zone(input: &Input<'_>) -> Result<Option<ZoneRef>, Fault> {
    let name: Option<ZoneName> = input.parse("AvailabilityZone", "an Availability Zone")?;
    let id: Option<ZoneId> = input.parse("AvailabilityZoneId", "an Availability Zone's id")?;
    match (name, id) {
        (Some(_), Some(_)) => Err(Fault::invalid_combination(
            "Only one of AvailabilityZone and AvailabilityZoneId may be specified.",
        )),
        (Some(name), None) => Ok(Some(ZoneRef::Name(name))),
        (None, id) => Ok(id.map(ZoneRef::Id)),
    }
}
