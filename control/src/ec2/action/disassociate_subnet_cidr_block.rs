//! `DisassociateSubnetCidrBlock`: takes a subnet's IPv6 addresses.

use control_core::Command;

use crate::{
    api::Call,
    ec2::{block, id::required_id},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let association = required_id(&input, "AssociationId")?;
    let change = call.change(&input)?;
    let made = call.make(change, Command::DisassociateSubnetBlock { association }).await?;
    block::write_subnet_outcome(&made, "disassociated")
}
