//! VPCs.

use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::VpcId;

use super::{Decision, Desk, route_table, security_group, vpc_block};
use crate::{
    command::CreateVpc,
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    resource::{ResourceKind, Vpc, VpcAttribute},
};

/// The largest network: /16 (VPC user guide, "VPC sizing").
pub(super) const PREFIX_MIN: u8 = 16;
/// The smallest network: /28.
pub(super) const PREFIX_MAX: u8 = 28;

/// Makes a VPC with its default security group and its main route table.
pub(super) fn create(desk: &mut Desk<'_>, create: &CreateVpc) -> Result<Decision, Refusal> {
    check_size(create.cidr)?;
    create.tags.check()?;
    desk.check_owned(ResourceKind::Vpc, Quota::VpcsPerAccount)?;
    let ipv6 = create.ipv6.map(|block| vpc_block::make(desk, None, block)).transpose()?;
    let vpc = Arc::new(Vpc {
        id: desk.fresh(VpcId::from_bits, |registry, id| registry.vpc(id).is_some()),
        owner: desk.caller.account.clone(),
        cidr: create.cidr.trunc(),
        further: ipv6.into_iter().collect(),
        dns_support: true,
        dns_hostnames: false,
        created: desk.now,
        tags: create.tags.clone(),
    });
    let group = security_group::default_of(desk, vpc.id);
    let table = route_table::main_of(desk, vpc.id);
    let changes = vec![
        Change::Put(Arc::clone(&vpc).into()),
        Change::Put(group.into()),
        Change::Put(table.into()),
    ];
    let event = desk.event(EventKind::VpcCreated(vpc.id), changes);
    Ok(Decision::of(event, Outcome::Vpc(vpc)))
}

pub(super) fn modify(
    desk: &Desk<'_>,
    id: VpcId,
    attribute: VpcAttribute,
) -> Result<Decision, Refusal> {
    let old = desk.view().vpc(id)?;
    let mut new = Vpc::clone(old);
    match attribute {
        VpcAttribute::DnsSupport(is_on) => new.dns_support = is_on,
        VpcAttribute::DnsHostnames(is_on) => new.dns_hostnames = is_on,
    }
    if new == **old {
        return Ok(Decision::nothing(Outcome::Vpc(Arc::clone(old))));
    }
    let new = Arc::new(new);
    let event = desk.put(EventKind::VpcModified(id), Arc::clone(&new));
    Ok(Decision::of(event, Outcome::Vpc(new)))
}

pub(super) fn delete(desk: &Desk<'_>, id: VpcId) -> Result<Decision, Refusal> {
    let vpc = desk.view().vpc(id)?;
    desk.check_unused(vpc.id)?;
    // What is left came with it.
    let groups = desk.registry.security_groups_of(id).map(|it| Key::SecurityGroup(it.id));
    let tables = desk.registry.route_tables_of(id).map(|it| Key::RouteTable(it.id));
    let changes = groups.chain(tables).chain([Key::Vpc(id)]).map(Change::Remove).collect();
    let event = desk.event(EventKind::VpcDeleted(id), changes);
    Ok(Decision::of(event, Outcome::Done))
}

/// Refuses networks that AWS would: which addresses they are of is the operator's business, so that
/// a laptop's 127.x networks pass.
pub(super) fn check_size(cidr: Ipv4Net) -> Result<(), Refusal> {
    if (PREFIX_MIN..=PREFIX_MAX).contains(&cidr.prefix_len()) {
        Ok(())
    } else {
        Err(Refusal::CidrSize { cidr: cidr.into(), shortest: PREFIX_MIN, longest: PREFIX_MAX })
    }
}

/// The same for IPv6: lengths in steps of four, from the shortest to the longest of its kind.
pub(super) fn check_size_6(cidr: Ipv6Net, (shortest, longest): (u8, u8)) -> Result<(), Refusal> {
    let length = cidr.prefix_len();
    if (shortest..=longest).contains(&length) && length.is_multiple_of(4) {
        Ok(())
    } else {
        Err(Refusal::CidrSize { cidr: cidr.into(), shortest, longest })
    }
}

/// Whether two blocks have an address in common.
pub(super) fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}
