//! `DeleteRoute`: takes a route from a route table.

use control_core::Command;

use crate::{
    api::Call,
    ec2::{id::required_id, route_input::destination},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["DestinationPrefixListId"])?;
    let table = required_id(&input, "RouteTableId")?;
    let destination = destination(&input)?;
    let change = call.change(&input)?;
    call.make(change, Command::DeleteRoute { table, destination }).await?;
    Ok(Xml::yes())
}
