//! Endpoint network interfaces: which subnet, which address, which load balancer.
//!
//! All three are settled when the interface is made and never change (guide: "Subnets and
//! Availability Zones", semantics 3.6): an interface that needs another address is another
//! interface.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::{
    AddressFamily, DnsName, InterfaceId, IpAddressType, LoadBalancerId, SubnetId, VpcId, ZoneId,
    ZoneName,
};

use super::Desk;
use crate::{
    address,
    command::SubnetAddresses,
    refusal::Refusal,
    resource::{EndpointService, Interface, ResourceKind, Subnet},
};

/// What an interface is made for.
pub(super) struct Wanted<'a> {
    pub(super) service: &'a EndpointService,
    pub(super) regional_name: &'a DnsName,
    pub(super) ip_address_type: IpAddressType,
}

/// The addresses that an interface is to have; what is none is drawn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Designated {
    pub(super) ipv4: Option<Ipv4Addr>,
    pub(super) ipv6: Option<Ipv6Addr>,
}

/// Makes the interface of an endpoint in a subnet.
pub(super) fn make(
    desk: &mut Desk<'_>,
    wanted: &Wanted<'_>,
    subnet: &Subnet,
    designated: Designated,
) -> Result<Interface, Refusal> {
    let Wanted { service, regional_name, ip_address_type } = *wanted;
    let load_balancer = load_balancer(desk, service, subnet.id, &subnet.zone)?;
    let (ipv4, ipv6) = addresses(desk, subnet, ip_address_type, designated)?;
    let id = desk.fresh(InterfaceId::from_bits, |registry, id| {
        registry.referrers(id, ResourceKind::Endpoint).next().is_some()
    });
    Ok(Interface {
        id,
        subnet: subnet.id,
        zone: subnet.zone.clone(),
        zonal_name: regional_name.zonal(&zone_name(desk, &subnet.zone)),
        ipv4,
        ipv6,
        load_balancer,
        created: desk.now,
    })
}

/// A present interface after a change of its endpoint: the same one if its addresses stay, if it
/// gets one more, or loses one to another address type; another one if an address is to change.
pub(super) fn remake(
    desk: &mut Desk<'_>,
    wanted: &Wanted<'_>,
    subnet: &Subnet,
    designated: Designated,
    present: &Interface,
) -> Result<Interface, Refusal> {
    let changes = |wanted: Option<IpAddr>, present: Option<IpAddr>| {
        present.is_some() && wanted.is_some_and(|wanted| Some(wanted) != present)
    };
    let v4 = IpAddr::V4;
    let v6 = IpAddr::V6;
    if changes(designated.ipv4.map(v4), present.ipv4.map(v4))
        || changes(designated.ipv6.map(v6), present.ipv6.map(v6))
    {
        return make(desk, wanted, subnet, designated);
    }
    let of_type = wanted.ip_address_type;
    check_type(subnet, of_type, designated)?;
    let has = |family| of_type.has(family);
    let ipv4 = match present.ipv4.filter(|_| has(AddressFamily::Ipv4)) {
        Some(stays) => Some(stays),
        None => ipv4(desk, subnet, of_type, designated)?,
    };
    let ipv6 = match present.ipv6.filter(|_| has(AddressFamily::Ipv6)) {
        Some(stays) => Some(stays),
        None => ipv6(desk, subnet, of_type, designated)?,
    };
    Ok(Interface { ipv4, ipv6, ..present.clone() })
}

/// The addresses of a new interface.
fn addresses(
    desk: &mut Desk<'_>,
    subnet: &Subnet,
    of_type: IpAddressType,
    designated: Designated,
) -> Result<(Option<Ipv4Addr>, Option<Ipv6Addr>), Refusal> {
    check_type(subnet, of_type, designated)?;
    let first = ipv4(desk, subnet, of_type, designated)?;
    Ok((first, ipv6(desk, subnet, of_type, designated)?))
}

/// Refuses a subnet without what the type asks for, and addresses that the type leaves out.
fn check_type(
    subnet: &Subnet,
    ip_address_type: IpAddressType,
    designated: Designated,
) -> Result<(), Refusal> {
    if !subnet.fits(ip_address_type) {
        return Err(Refusal::SubnetIpAddressType { subnet: subnet.id, ip_address_type });
    }
    let ipv4 = designated.ipv4.filter(|_| !ip_address_type.has(AddressFamily::Ipv4));
    let ipv6 = designated.ipv6.filter(|_| !ip_address_type.has(AddressFamily::Ipv6));
    let stray = ipv4.map(IpAddr::V4).or_else(|| ipv6.map(IpAddr::V6));
    stray.map_or(Ok(()), |address| Err(Refusal::AddressFamily { address, ip_address_type }))
}

/// A subnet of the caller in its endpoint's VPC.
pub(super) fn subnet<'a>(desk: &Desk<'a>, vpc: VpcId, id: SubnetId) -> Result<&'a Subnet, Refusal> {
    let subnet = desk.view().subnet(id)?;
    if subnet.vpc == vpc { Ok(subnet) } else { Err(Refusal::SubnetOutsideVpc { subnet: id, vpc }) }
}

/// The designated addresses of a subnet, if there are any.
pub(super) fn designated(
    addresses: &[SubnetAddresses],
    subnet: SubnetId,
) -> Result<Designated, Refusal> {
    let mut named = addresses.iter().filter(|it| it.subnet == subnet);
    let first = named.next();
    if named.next().is_some() {
        return Err(Refusal::AddressTwice(subnet));
    }
    let (ipv4, ipv6) = (first.and_then(|it| it.ipv4), first.and_then(|it| it.ipv6));
    Ok(Designated { ipv4, ipv6 })
}

/// Draws the load balancer of the zone that an interface is to use from then on.
pub(super) fn load_balancer(
    desk: &mut Desk<'_>,
    service: &EndpointService,
    subnet: SubnetId,
    zone: &ZoneId,
) -> Result<LoadBalancerId, Refusal> {
    let serving = service.load_balancers_in(zone);
    let count = u32::try_from(serving.len()).unwrap_or(u32::MAX);
    let drawn = usize::try_from(desk.draw.below(count)).unwrap_or(0);
    serving.get(drawn).copied().ok_or_else(|| Refusal::ServiceZone {
        service: service.name(&desk.settings().region),
        subnet,
        zone: zone.clone(),
    })
}

/// The IPv4 address of an interface, designated or drawn; none if its type has none.
fn ipv4(
    desk: &mut Desk<'_>,
    subnet: &Subnet,
    of_type: IpAddressType,
    designated: Designated,
) -> Result<Option<Ipv4Addr>, Refusal> {
    let Some(cidr) = subnet.cidr.filter(|_| of_type.has(AddressFamily::Ipv4)) else {
        return Ok(None);
    };
    if let Some(address) = designated.ipv4 {
        check_designated(desk, subnet, address.into(), address::is_reserved(cidr, address))?;
        return Ok(Some(address));
    }
    let taken = desk.registry.addresses_of(subnet.id).filter_map(|ip| match ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    });
    let drawn = address::draw_free(cidr, taken, desk.draw);
    drawn.map(Some).ok_or(Refusal::AddressesExhausted(subnet.id))
}

/// The same for IPv6, which no subnet runs out of.
fn ipv6(
    desk: &mut Desk<'_>,
    subnet: &Subnet,
    of_type: IpAddressType,
    designated: Designated,
) -> Result<Option<Ipv6Addr>, Refusal> {
    let Some(own) = subnet.ipv6.filter(|_| of_type.has(AddressFamily::Ipv6)) else {
        return Ok(None);
    };
    if let Some(address) = designated.ipv6 {
        let is_reserved = address::is_reserved_6(own.block, address);
        check_designated(desk, subnet, address.into(), is_reserved)?;
        return Ok(Some(address));
    }
    let is_taken = |ip| desk.registry.holder_of(subnet.id, ip).is_some();
    Ok(Some(address::draw_free_6(own.block, is_taken, desk.draw)))
}

fn check_designated(
    desk: &Desk<'_>,
    subnet: &Subnet,
    address: IpAddr,
    is_reserved: bool,
) -> Result<(), Refusal> {
    let id = subnet.id;
    if !subnet.contains(address) {
        return Err(Refusal::AddressOutsideSubnet { address, subnet: id });
    }
    if is_reserved {
        return Err(Refusal::AddressReserved { address, subnet: id });
    }
    if desk.registry.holder_of(id, address).is_some() {
        return Err(Refusal::AddressTaken { address, subnet: id });
    }
    Ok(())
}

/// The zone as the caller names it; a zone that is no longer configured goes by its id.
fn zone_name(desk: &Desk<'_>, zone: &ZoneId) -> ZoneName {
    let known = desk.settings().zone_name(&desk.caller.account, zone);
    known.cloned().unwrap_or_else(|| {
        zone.as_str().parse().expect("names and ids of zones have the same form")
    })
}
