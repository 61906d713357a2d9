//! Endpoint network interfaces: which subnet, which address, which load balancer.
//!
//! All three are settled when the interface is made and never change (guide: "Subnets and
//! Availability Zones", semantics 3.6): an interface that needs another address is another
//! interface.

use std::net::{IpAddr, Ipv4Addr};

use model::{
    DnsName, InterfaceId, IpAddressType, LoadBalancerId, SubnetId, VpcId, ZoneId, ZoneName,
};

use super::Desk;
use crate::{
    address,
    command::SubnetAddresses,
    refusal::Refusal,
    resource::{EndpointService, Interface, ResourceKind, Subnet},
};

/// Makes the interface of an endpoint in a subnet.
pub(super) fn make(
    desk: &mut Desk<'_>,
    service: &EndpointService,
    regional_name: &DnsName,
    subnet: &Subnet,
    designated: Option<Ipv4Addr>,
) -> Result<Interface, Refusal> {
    let load_balancer = load_balancer(desk, service, subnet.id, &subnet.zone)?;
    let ipv4 = match designated {
        Some(address) => check_designated(desk, subnet, address)?,
        None => draw(desk, subnet)?,
    };
    let id = desk.fresh(InterfaceId::from_bits, |registry, id| {
        registry.referrers(id, ResourceKind::Endpoint).next().is_some()
    });
    Ok(Interface {
        id,
        subnet: subnet.id,
        zone: subnet.zone.clone(),
        zonal_name: regional_name.zonal(&zone_name(desk, &subnet.zone)),
        ipv4: Some(ipv4),
        ipv6: None,
        load_balancer,
        created: desk.now,
    })
}

/// A subnet of the caller in its endpoint's VPC.
pub(super) fn subnet<'a>(desk: &Desk<'a>, vpc: VpcId, id: SubnetId) -> Result<&'a Subnet, Refusal> {
    let subnet = desk.view().subnet(id)?;
    if subnet.vpc == vpc { Ok(subnet) } else { Err(Refusal::SubnetOutsideVpc { subnet: id, vpc }) }
}

/// The designated IPv4 address of a subnet, if there is one.
pub(super) fn designated(
    addresses: &[SubnetAddresses],
    subnet: SubnetId,
) -> Result<Option<Ipv4Addr>, Refusal> {
    let mut named = addresses.iter().filter(|it| it.subnet == subnet);
    let first = named.next();
    if named.next().is_some() {
        return Err(Refusal::AddressTwice(subnet));
    }
    if first.is_some_and(|it| it.ipv6.is_some()) {
        return Err(Refusal::IpAddressTypeUnsupported(IpAddressType::Ipv6));
    }
    Ok(first.and_then(|it| it.ipv4))
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

fn check_designated(
    desk: &Desk<'_>,
    subnet: &Subnet,
    address: Ipv4Addr,
) -> Result<Ipv4Addr, Refusal> {
    let (ip, id) = (IpAddr::V4(address), subnet.id);
    if !subnet.cidr.contains(&address) {
        return Err(Refusal::AddressOutsideSubnet { address: ip, subnet: id });
    }
    if address::is_reserved(subnet.cidr, address) {
        return Err(Refusal::AddressReserved { address: ip, subnet: id });
    }
    if desk.registry.holder_of(id, ip).is_some() {
        return Err(Refusal::AddressTaken { address: ip, subnet: id });
    }
    Ok(address)
}

fn draw(desk: &mut Desk<'_>, subnet: &Subnet) -> Result<Ipv4Addr, Refusal> {
    let taken = desk.registry.addresses_of(subnet.id).filter_map(|ip| match ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    });
    address::draw_free(subnet.cidr, taken, desk.draw).ok_or(Refusal::AddressesExhausted(subnet.id))
}

/// The zone as the caller names it; a zone that is no longer configured goes by its id.
fn zone_name(desk: &Desk<'_>, zone: &ZoneId) -> ZoneName {
    let known = desk.settings().zone_name(&desk.caller.account, zone);
    known.cloned().unwrap_or_else(|| {
        zone.as_str().parse().expect("names and ids of zones have the same form")
    })
}
