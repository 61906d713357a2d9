//! A Network Load Balancer and its attributes (ELBv2 API, `LoadBalancerAttribute`). Does not know
//! its listeners, which are records of their own, nor the attributes' names on the wire.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use model::{
    AccountId, ClientRoutingPolicy, IpAddressType, LoadBalancerId, SecurityGroupId, SubnetId,
    Timestamp, VpcId, ZoneId,
};
use serde::{Deserialize, Serialize};

use super::zonal_shift::ZonalShift;
use crate::tag::Tags;

/// A Network Load Balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// The last part of its ARN.
    pub id: LoadBalancerId,
    /// Whose it is.
    pub owner: AccountId,
    /// Its name, unique in the account.
    pub name: Arc<str>,
    /// The VPC it is in.
    pub vpc: VpcId,
    /// Its zones, and its one subnet in each.
    pub subnets: BTreeMap<ZoneId, SubnetId>,
    /// Internal or internet-facing; nothing here depends on it.
    pub scheme: Scheme,
    /// Which addresses it takes connections on.
    pub ip_address_type: IpAddressType,
    /// Its security groups; none if it was made without, and then never any.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Whether its groups' rules count for connections through endpoints
    /// (`EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic`).
    #[serde(default = "on")]
    pub enforces_on_endpoints: bool,
    /// Its attributes.
    pub attributes: LoadBalancerAttributes,
    /// Its last zonal shift, whether or not it still lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zonal_shift: Option<ZonalShift>,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl LoadBalancer {
    /// Whether connections through endpoints need a rule of its groups.
    pub fn enforces_groups(&self) -> bool {
        self.enforces_on_endpoints && !self.security_groups.is_empty()
    }
}

/// What enforcement is unless it was changed.
const fn on() -> bool {
    true
}

/// Whom a load balancer's own addresses are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Clients in its VPC.
    Internal,
    /// Everyone; AWS's default.
    #[default]
    InternetFacing,
}

/// A load balancer's attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancerAttributes {
    /// `load_balancing.cross_zone.enabled`.
    pub cross_zone: bool,
    /// `deletion_protection.enabled`.
    pub deletion_protection: bool,
    /// `dns_record.client_routing_policy`.
    pub client_routing_policy: ClientRoutingPolicy,
    /// `zonal_shift.config.enabled`.
    pub zonal_shift: bool,
    /// `secondary_ips.auto_assigned.per_subnet`: 0 to 7.
    pub secondary_addresses: u8,
    /// `ipv6.deny_all_igw_traffic`.
    pub deny_internet_gateway: bool,
}

/// Most secondary addresses per subnet.
pub const SECONDARY_ADDRESSES_MAX: u8 = 7;

impl LoadBalancerAttributes {
    /// What a new load balancer has.
    pub fn of(scheme: Scheme) -> Self {
        Self {
            cross_zone: false,
            deletion_protection: false,
            client_routing_policy: ClientRoutingPolicy::AnyZone,
            zonal_shift: false,
            secondary_addresses: 0,
            deny_internet_gateway: scheme == Scheme::Internal,
        }
    }

    /// Changes one.
    pub(crate) fn set(&mut self, attribute: LoadBalancerAttribute) {
        match attribute {
            LoadBalancerAttribute::CrossZone(on) => self.cross_zone = on,
            LoadBalancerAttribute::DeletionProtection(on) => self.deletion_protection = on,
            LoadBalancerAttribute::ClientRoutingPolicy(policy) => {
                self.client_routing_policy = policy;
            }
            LoadBalancerAttribute::ZonalShift(on) => self.zonal_shift = on,
            LoadBalancerAttribute::SecondaryAddresses(count) => self.secondary_addresses = count,
            LoadBalancerAttribute::DenyInternetGateway(on) => self.deny_internet_gateway = on,
        }
    }
}

/// One attribute with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadBalancerAttribute {
    /// `load_balancing.cross_zone.enabled`.
    CrossZone(bool),
    /// `deletion_protection.enabled`.
    DeletionProtection(bool),
    /// `dns_record.client_routing_policy`.
    ClientRoutingPolicy(ClientRoutingPolicy),
    /// `zonal_shift.config.enabled`.
    ZonalShift(bool),
    /// `secondary_ips.auto_assigned.per_subnet`.
    SecondaryAddresses(u8),
    /// `ipv6.deny_all_igw_traffic`.
    DenyInternetGateway(bool),
}
