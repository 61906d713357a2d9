//! Address blocks of VPCs beyond the first: named, or drawn from the operator's pool.

use std::{collections::BTreeSet, sync::Arc};

use ipnet::{IpNet, Ipv6Net};
use model::{VpcCidrAssociationId, VpcId};

use super::{
    Decision, Desk,
    vpc::{check_size, check_size_6, overlap},
};
use crate::{
    command::NewBlock,
    event::EventKind,
    outcome::Outcome,
    quota::Quota,
    refusal::Refusal,
    resource::{Vpc, VpcBlock},
};

/// Lengths of a VPC's IPv6 blocks (VPC user guide, "VPC CIDR blocks").
const IPV6_PREFIXES: (u8, u8) = (44, 60);
/// The length of a block that is drawn.
const DRAWN_PREFIX: u8 = 56;

pub(super) fn associate(
    desk: &mut Desk<'_>,
    id: VpcId,
    block: NewBlock,
) -> Result<Decision, Refusal> {
    let old = Arc::clone(desk.view().vpc(id)?);
    let (association, block) = make(desk, Some(&old), block)?;
    let mut new = Vpc::clone(&old);
    new.further.insert(association, block);
    let event = desk.put(EventKind::VpcModified(id), Arc::new(new));
    Ok(Decision::of(event, Outcome::VpcBlock { vpc: id, association, block }))
}

pub(super) fn disassociate(
    desk: &Desk<'_>,
    association: VpcCidrAssociationId,
) -> Result<Decision, Refusal> {
    let has = |vpc: &&Arc<Vpc>| {
        vpc.first_association() == association || vpc.further.contains_key(&association)
    };
    let old = desk.view().vpcs().find(has).ok_or(Refusal::VpcBlockNotFound(association))?;
    let mut new = Vpc::clone(old);
    let gone = new.further.remove(&association);
    let block = gone.ok_or(Refusal::VpcBlockFirst(association))?;
    let uses = |cidr: IpNet| block.block.contains(&cidr);
    let mut subnets = desk.registry.subnets_of(old.id);
    if let Some(by) = subnets.find(|subnet| subnet.blocks().any(uses)) {
        return Err(Refusal::BlockInUse { cidr: block.block, by: by.id.into() });
    }
    let event = desk.put(EventKind::VpcModified(old.id), Arc::new(new));
    Ok(Decision::of(event, Outcome::VpcBlock { vpc: old.id, association, block }))
}

/// Makes a block for a VPC, or for one that is being made.
pub(super) fn make(
    desk: &mut Desk<'_>,
    vpc: Option<&Vpc>,
    wanted: NewBlock,
) -> Result<(VpcCidrAssociationId, VpcBlock), Refusal> {
    let block = match wanted {
        NewBlock::Drawn => draw(desk)?.into(),
        NewBlock::Named(cidr) => cidr.trunc(),
    };
    match block {
        IpNet::V4(cidr) => check_size(cidr)?,
        IpNet::V6(cidr) => check_size_6(cidr, IPV6_PREFIXES)?,
    }
    let known: Vec<IpNet> = vpc.into_iter().flat_map(Vpc::blocks).collect();
    if let Some(other) = known.iter().find(|other| overlap(block, **other)) {
        return Err(Refusal::BlockOverlap { cidr: block, other: *other });
    }
    let is_alike = |other: &&IpNet| other.addr().is_ipv4() == block.addr().is_ipv4();
    desk.allows(Quota::BlocksPerVpc, known.iter().filter(is_alike).count() + 1)?;
    let association = VpcCidrAssociationId::from_bits(desk.draw.wide());
    Ok((association, VpcBlock { block, is_drawn: wanted == NewBlock::Drawn }))
}

/// Draws a block of the pool that no VPC has, from a drawn place on, around the end.
fn draw(desk: &mut Desk<'_>) -> Result<Ipv6Net, Refusal> {
    let pool = desk.settings().ipv6_pool.ok_or(Refusal::Ipv6PoolMissing)?;
    let further = desk.registry.vpcs().flat_map(|vpc| vpc.further.values());
    let taken: BTreeSet<u128> = further
        .filter_map(|it| match it.block {
            IpNet::V6(cidr) if overlap(pool.into(), cidr.into()) => Some(place(cidr)),
            IpNet::V6(_) | IpNet::V4(_) => None,
        })
        .collect();
    let bits = DRAWN_PREFIX.checked_sub(pool.prefix_len()).ok_or(Refusal::Ipv6PoolExhausted)?;
    let (first, count) = (place(pool), 1_u128 << bits);
    if u128::try_from(taken.len()).is_ok_and(|taken| taken >= count) {
        return Err(Refusal::Ipv6PoolExhausted);
    }
    let start = desk.draw.wide() % count;
    // Ends, as one at least is not taken.
    let mut at = start;
    while taken.contains(&(first + at)) {
        at = (at + 1) % count;
    }
    let network = (first + at) << (128 - u32::from(DRAWN_PREFIX));
    Ok(Ipv6Net::new(network.into(), DRAWN_PREFIX).expect("56 is a length of an IPv6 prefix"))
}

/// The number of the /56 that a block begins in.
fn place(cidr: Ipv6Net) -> u128 {
    u128::from(cidr.network()) >> (128 - u32::from(DRAWN_PREFIX))
}
