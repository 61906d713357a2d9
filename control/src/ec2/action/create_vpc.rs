//! `CreateVpc`: makes a network.

use control_core::{Command, Outcome, command::CreateVpc, resource::ResourceKind};

use crate::{
    api::Call,
    ec2::{block, describe::Listed, shape::vpc::VpcView, tag},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(block::UNSUPPORTED_OF_VPC)?;
    input.refuse(&["VpcEncryptionControl"])?;
    input.choice("InstanceTenancy", &[("default", ())])?;
    let ipv6 = block::ipv6_of_vpc(&input)?;
    let cidr = input.required("CidrBlock", "an IPv4 CIDR block")?;
    let tags = tag::specification(&input, ResourceKind::Vpc)?;
    let change = call.change(&input)?;

    let command = Command::CreateVpc(CreateVpc { cidr, ipv6, tags });
    let Outcome::Vpc(vpc) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    xml.element("vpc", |xml| VpcView(vpc).write(xml));
    Ok(xml)
}
