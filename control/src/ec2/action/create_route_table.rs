//! `CreateRouteTable`: makes a route table for subnets of a VPC.

use control_core::{Command, Outcome, command::CreateRouteTable, resource::ResourceKind};

use crate::{
    api::Call,
    ec2::{describe::Listed, id::required_id, shape::route_table::RouteTableView, tag},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let token = input.text("ClientToken")?;
    let command = Command::CreateRouteTable(CreateRouteTable {
        vpc: required_id(&input, "VpcId")?,
        tags: tag::specification(&input, ResourceKind::RouteTable)?,
        client_token: token.map(Into::into),
    });
    let change = call.change(&input)?;

    let Outcome::RouteTable(table) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let registry = call.registry();
    let table = RouteTableView::new(registry.view(call.caller()), &table);
    let mut xml = Xml::new();
    xml.element("routeTable", |xml| table.write(xml));
    xml.option("clientToken", token);
    Ok(xml)
}
