//! `DisassociateRouteTable`: has a subnet use its VPC's main route table again.

use control_core::Command;

use crate::{
    api::Call,
    ec2::id::required_id,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let association = required_id(&input, "AssociationId")?;
    let change = call.change(&input)?;
    call.make(change, Command::DisassociateRouteTable { association }).await?;
    Ok(Xml::yes())
}
