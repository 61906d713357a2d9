//! `CreateRoute`: adds a route to a route table.

use control_core::Command;

use crate::{
    api::Call,
    ec2::{id::required_id, route_input::route},
    query::{Fault, Xml},
};

const UNSUPPORTED: &[&str] = &[
    "CarrierGatewayId",
    "CoreNetworkArn",
    "DestinationPrefixListId",
    "InstanceId",
    "LocalGatewayId",
    "OdbNetworkArn",
    "VpcEndpointId",
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    let table = required_id(&input, "RouteTableId")?;
    let route = route(&input)?;
    let change = call.change(&input)?;
    call.make(change, Command::CreateRoute { table, route }).await?;
    Ok(Xml::yes())
}
