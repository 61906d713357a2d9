//! `AssociateVpcCidrBlock`: gives a network another address block.

use control_core::{Command, command::NewBlock};

use crate::{
    api::Call,
    ec2::{block, id::required_id},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(block::UNSUPPORTED_OF_VPC)?;
    let vpc = required_id(&input, "VpcId")?;
    let ipv4 = input.parse("CidrBlock", "an IPv4 CIDR block")?.map(NewBlock::Named);
    let block = match (ipv4, block::ipv6_of_vpc(&input)?) {
        (Some(block), None) | (None, Some(block)) => block,
        (Some(_), Some(_)) => {
            let message = "Only one of CidrBlock and an IPv6 CIDR block may be specified.";
            return Err(Fault::invalid_combination(message));
        }
        (None, None) => return Err(Fault::missing_parameter("CidrBlock")),
    };
    let change = call.change(&input)?;
    let made = call.make(change, Command::AssociateVpcBlock { vpc, block }).await?;
    block::write_vpc_outcome(&made, "associated")
}
