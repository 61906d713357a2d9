//! `AssociateRouteTable`: has a subnet use a route table.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    ec2::{id::required_id, shape::route_table::write_state},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["GatewayId", "PublicIpv4Pool"])?;
    let table = required_id(&input, "RouteTableId")?;
    let subnet = required_id(&input, "SubnetId")?;
    let change = call.change(&input)?;
    let made = call.make(change, Command::AssociateRouteTable { table, subnet }).await?;
    let Outcome::RouteTableAssociated(association) = made else { return Err(Fault::internal()) };
    let mut xml = Xml::new();
    xml.value("associationId", association);
    write_state(&mut xml);
    Ok(xml)
}
