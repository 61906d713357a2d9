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
    "Ipv6CidrBlock",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
    "OutpostArn",
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    if input.boolean("Ipv6Native")? == Some(true) {
        return Err(Fault::unsupported_parameter("Ipv6Native"));
    }
    let command = Command::CreateSubnet(CreateSubnet {
        vpc: required_id(&input, "VpcId")?,
        cidr: input.required("CidrBlock", "an IPv4 CIDR block")?,
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
