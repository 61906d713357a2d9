//! Subnets.

use std::sync::Arc;

use ipnet::{IpNet, Ipv6Net};
use model::{SubnetCidrAssociationId, SubnetId, ZoneId};

use super::{
    Decision, Desk, route_table,
    vpc::{check_size, check_size_6, overlap},
};
use crate::{
    command::CreateSubnet,
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    resource::{ResourceKind, Subnet, SubnetBlock, Vpc},
    settings::ZoneRef,
};

/// Lengths of a subnet's IPv6 block (VPC user guide, "Subnet CIDR blocks").
const IPV6_PREFIXES: (u8, u8) = (44, 64);

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateSubnet) -> Result<Decision, Refusal> {
    let vpc = desk.view().vpc(create.vpc)?;
    let (cidr, ipv6) = (create.cidr.map(|it| it.trunc()), create.ipv6.map(|it| it.trunc()));
    cidr.map_or(Ok(()), check_size)?;
    ipv6.map_or(Ok(()), |it| check_size_6(it, IPV6_PREFIXES))?;
    let blocks = cidr.map(IpNet::V4).into_iter().chain(ipv6.map(IpNet::V6));
    let mut blocks = blocks.peekable();
    blocks.peek().ok_or(Refusal::SubnetBlockMissing)?;
    blocks.try_for_each(|block| check_place(desk, vpc, block))?;
    let zone = zone(desk, create.zone.as_ref())?;
    create.tags.check()?;
    desk.allows(Quota::SubnetsPerVpc, desk.registry.subnets_of(vpc.id).count() + 1)?;
    let subnet = Arc::new(Subnet {
        id: desk.fresh(SubnetId::from_bits, |registry, id| registry.subnet(id).is_some()),
        owner: desk.caller.account.clone(),
        vpc: vpc.id,
        zone,
        cidr,
        ipv6: ipv6.map(|block| associated(desk, block)),
        created: desk.now,
        tags: create.tags.clone(),
    });
    let event = desk.put(EventKind::SubnetCreated(subnet.id), Arc::clone(&subnet));
    Ok(Decision::of(event, Outcome::Subnet(subnet)))
}

pub(super) fn associate(
    desk: &mut Desk<'_>,
    id: SubnetId,
    block: Ipv6Net,
) -> Result<Decision, Refusal> {
    let old = desk.view().subnet(id)?;
    if old.ipv6.is_some() {
        return Err(Refusal::SubnetBlockTaken(id));
    }
    let block = block.trunc();
    check_size_6(block, IPV6_PREFIXES)?;
    check_place(desk, desk.view().vpc(old.vpc)?, block.into())?;
    let ipv6 = associated(desk, block);
    let new = Arc::new(Subnet { ipv6: Some(ipv6), ..Subnet::clone(old) });
    let event = desk.put(EventKind::SubnetModified(id), new);
    let association = ipv6.association;
    Ok(Decision::of(event, Outcome::SubnetBlock { subnet: id, association, block }))
}

pub(super) fn disassociate(
    desk: &Desk<'_>,
    association: SubnetCidrAssociationId,
) -> Result<Decision, Refusal> {
    let mut subnets = desk.view().subnets();
    let old = subnets.find(|it| it.ipv6.is_some_and(|ipv6| ipv6.association == association));
    let found = old.and_then(|old| Some((old, old.ipv6?.block)));
    let (old, block) = found.ok_or(Refusal::SubnetBlockNotFound(association))?;
    let in_use = |by| Refusal::BlockInUse { cidr: block.into(), by };
    let mut addresses = desk.registry.addresses_of(old.id);
    if let Some(address) = addresses.find(|address| address.is_ipv6())
        && let Some(by) = desk.registry.holder_of(old.id, address)
    {
        return Err(in_use(by.into()));
    }
    let mut balancers = desk.registry.referrers(old.id, ResourceKind::LoadBalancer);
    if let Some(by) = balancers.find(|by| desk.is_dualstack(*by)) {
        return Err(in_use(by));
    }
    if old.cidr.is_none() {
        return Err(Refusal::SubnetBlockMissing);
    }
    let new = Arc::new(Subnet { ipv6: None, ..Subnet::clone(old) });
    let event = desk.put(EventKind::SubnetModified(old.id), new);
    Ok(Decision::of(event, Outcome::SubnetBlock { subnet: old.id, association, block }))
}

pub(super) fn delete(desk: &Desk<'_>, id: SubnetId) -> Result<Decision, Refusal> {
    let subnet = desk.view().subnet(id)?;
    desk.check_unused(subnet.id)?;
    let mut changes: Vec<_> = route_table::without(desk, id).into_iter().collect();
    changes.push(Change::Remove(Key::Subnet(id)));
    let event = desk.event(EventKind::SubnetDeleted(id), changes);
    Ok(Decision::of(event, Outcome::Done))
}

/// Refuses a block that is not the VPC's, or another subnet's.
fn check_place(desk: &Desk<'_>, vpc: &Vpc, cidr: IpNet) -> Result<(), Refusal> {
    if !vpc.blocks().any(|block| block.contains(&cidr)) {
        return Err(Refusal::CidrOutsideVpc { cidr, vpc: vpc.id });
    }
    let subnets = desk.registry.subnets_of(vpc.id);
    let mut others = subnets.flat_map(|subnet| subnet.blocks().map(move |it| (subnet.id, it)));
    match others.find(|(_, other)| overlap(*other, cidr)) {
        Some((with, other)) => Err(Refusal::CidrOverlap { cidr, with, other }),
        None => Ok(()),
    }
}

fn associated(desk: &mut Desk<'_>, block: Ipv6Net) -> SubnetBlock {
    let association = SubnetCidrAssociationId::from_bits(desk.draw.wide());
    SubnetBlock { association, block }
}

fn zone(desk: &Desk<'_>, named: Option<&ZoneRef>) -> Result<ZoneId, Refusal> {
    let zone = match named {
        Some(named) => desk
            .settings()
            .zone_id(&desk.caller.account, named)
            .ok_or_else(|| Refusal::ZoneNotFound(named.clone()))?
            .clone(),
        None => desk.view().zones().next().ok_or(Refusal::ZoneMissing)?.id,
    };
    Ok(zone)
}
