//! `CreateVpc`: makes a network.

use control_core::{Command, Outcome, command::CreateVpc, resource::ResourceKind};

use crate::{
    api::Call,
    ec2::{describe::Listed, shape::vpc::VpcView, tag},
    query::{Fault, Xml},
};

const UNSUPPORTED: &[&str] = &[
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6CidrBlock",
    "Ipv6CidrBlockNetworkBorderGroup",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
    "Ipv6Pool",
    "VpcEncryptionControl",
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    input.choice("InstanceTenancy", &[("default", ())])?;
    if input.boolean("AmazonProvidedIpv6CidrBlock")? == Some(true) {
        return Err(Fault::unsupported_parameter("AmazonProvidedIpv6CidrBlock"));
    }
    let cidr = input.required("CidrBlock", "an IPv4 CIDR block")?;
    let tags = tag::specification(&input, ResourceKind::Vpc)?;
    let change = call.change(&input)?;

    let command = Command::CreateVpc(CreateVpc { cidr, tags });
    let Outcome::Vpc(vpc) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    xml.element("vpc", |xml| VpcView(vpc).write(xml));
    Ok(xml)
}
