//! Route tables, their routes, and the subnets that use them.

use std::{collections::BTreeMap, sync::Arc};

use ipnet::IpNet;
use model::{RouteTableAssociationId, RouteTableId, SubnetId, VpcId};

use super::{Decision, Desk};
use crate::{
    command::CreateRouteTable,
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    resource::{ResourceId, ResourceKind, Route, RouteTable},
    tag::Tags,
};

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateRouteTable) -> Result<Decision, Refusal> {
    let vpc = desk.view().vpc(create.vpc)?.id;
    create.tags.check()?;
    desk.allows(Quota::RouteTablesPerVpc, desk.registry.route_tables_of(vpc).count() + 1)?;
    let table = Arc::new(RouteTable { tags: create.tags.clone(), ..blank(desk, vpc) });
    let event = desk.put(EventKind::RouteTableCreated(table.id), Arc::clone(&table));
    Ok(Decision::of(event, Outcome::RouteTable(table)))
}

/// The table that a VPC is made with.
pub(super) fn main_of(desk: &mut Desk<'_>, vpc: VpcId) -> Arc<RouteTable> {
    let main = Some(RouteTableAssociationId::from_bits(desk.draw.wide()));
    Arc::new(RouteTable { main, ..blank(desk, vpc) })
}

pub(super) fn delete(desk: &Desk<'_>, id: RouteTableId) -> Result<Decision, Refusal> {
    let table = desk.view().route_table(id)?;
    if let Some(subnet) = table.associations.values().next() {
        return Err(Refusal::InUse { resource: id.into(), by: (*subnet).into() });
    }
    if table.main.is_some() {
        return Err(Refusal::InUse { resource: id.into(), by: table.vpc.into() });
    }
    let changes = vec![Change::Remove(Key::RouteTable(id))];
    Ok(Decision::of(desk.event(EventKind::RouteTableDeleted(id), changes), Outcome::Done))
}

pub(super) fn create_route(
    desk: &Desk<'_>,
    id: RouteTableId,
    route: &Route,
) -> Result<Decision, Refusal> {
    let table = desk.view().route_table(id)?;
    let destination = route.destination.trunc();
    let is_local = desk.view().vpc(table.vpc)?.blocks().any(|block| block == destination);
    if is_local || table.route(destination).is_some() {
        return Err(Refusal::RouteTaken { destination });
    }
    desk.allows(Quota::RoutesPerRouteTable, table.routes.len() + 1)?;
    let mut new = RouteTable::clone(table);
    new.routes.push(Route { destination, ..route.clone() });
    Ok(put(desk, new))
}

pub(super) fn delete_route(
    desk: &Desk<'_>,
    id: RouteTableId,
    destination: IpNet,
) -> Result<Decision, Refusal> {
    let table = desk.view().route_table(id)?;
    let destination = destination.trunc();
    if table.route(destination).is_none() {
        return Err(Refusal::RouteNotFound { table: id, destination });
    }
    let mut new = RouteTable::clone(table);
    new.routes.retain(|route| route.destination != destination);
    Ok(put(desk, new))
}

pub(super) fn associate(
    desk: &mut Desk<'_>,
    id: RouteTableId,
    subnet: SubnetId,
) -> Result<Decision, Refusal> {
    let table = desk.view().route_table(id)?;
    if desk.view().subnet(subnet)?.vpc != table.vpc {
        return Err(Refusal::SubnetOutsideVpc { subnet, vpc: table.vpc });
    }
    if let Some(by) = table_of(desk, subnet) {
        return Err(Refusal::SubnetRouted { subnet, by: by.id });
    }
    let association = RouteTableAssociationId::from_bits(desk.draw.wide());
    let mut new = RouteTable::clone(table);
    new.associations.insert(association, subnet);
    let event = desk.put(EventKind::RouteTableModified(id), Arc::new(new));
    Ok(Decision::of(event, Outcome::RouteTableAssociated(association)))
}

pub(super) fn disassociate(
    desk: &Desk<'_>,
    association: RouteTableAssociationId,
) -> Result<Decision, Refusal> {
    let mut own = desk.view().route_tables();
    let found = own.find(|table| {
        table.main == Some(association) || table.associations.contains_key(&association)
    });
    let table = found.ok_or(Refusal::RouteTableAssociationNotFound(association))?;
    if table.main == Some(association) {
        return Err(Refusal::RouteTableMain(association));
    }
    let mut new = RouteTable::clone(table);
    new.associations.remove(&association);
    Ok(put(desk, new))
}

/// What becomes of the table of a subnet that goes.
pub(super) fn without(desk: &Desk<'_>, subnet: SubnetId) -> Option<Change> {
    let mut table = RouteTable::clone(table_of(desk, subnet)?);
    table.associations.retain(|_, other| *other != subnet);
    Some(Change::Put(Arc::new(table).into()))
}

fn table_of<'a>(desk: &Desk<'a>, subnet: SubnetId) -> Option<&'a Arc<RouteTable>> {
    desk.registry.referrers(subnet, ResourceKind::RouteTable).find_map(|id| match id {
        ResourceId::RouteTable(id) => desk.registry.route_table(id),
        _ => None,
    })
}

fn put(desk: &Desk<'_>, new: RouteTable) -> Decision {
    let new = Arc::new(new);
    let event = desk.put(EventKind::RouteTableModified(new.id), Arc::clone(&new));
    Decision::of(event, Outcome::RouteTable(new))
}

fn blank(desk: &mut Desk<'_>, vpc: VpcId) -> RouteTable {
    RouteTable {
        id: desk.fresh(RouteTableId::from_bits, |registry, id| registry.route_table(id).is_some()),
        owner: desk.caller.account.clone(),
        vpc,
        main: None,
        routes: Vec::new(),
        associations: BTreeMap::new(),
        created: desk.now,
        tags: Tags::none(),
    }
}
