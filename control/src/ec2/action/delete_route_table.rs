//! `DeleteRouteTable`: removes a route table that no subnet uses.

use control_core::Command;

use crate::{
    api::Call,
    ec2::id::required_id,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let table = required_id(&input, "RouteTableId")?;
    let change = call.change(&input)?;
    call.make(change, Command::DeleteRouteTable { table }).await?;
    Ok(Xml::yes())
}
