//! `DisassociateVpcCidrBlock`: takes an address block from a network.

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
    let made = call.make(change, Command::DisassociateVpcBlock { association }).await?;
    block::write_vpc_outcome(&made, "disassociated")
}
