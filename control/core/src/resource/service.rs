//! An endpoint service: load balancers offered to other accounts. Does not know who may use it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use model::{
    AccountId, DnsName, IpAddressType, LoadBalancerId, RegionName, ServiceId, ServiceState,
    Timestamp, ZoneId,
};
use serde::{Deserialize, Serialize};

use crate::{
    resource::{CATALOG_OWNER, CatalogEntry, Payer, PermissionRemoval, PrivateDns, ServiceType},
    tag::{PERMISSION_REMOVAL, Tags},
};

/// An endpoint service configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointService {
    /// Its id.
    pub id: ServiceId,
    /// The provider.
    pub owner: AccountId,
    /// Whether connection requests wait for the provider.
    pub acceptance_required: bool,
    /// Where it stands; always `Available`, as there is nothing to set up.
    pub state: ServiceState,
    /// Its load balancers and the zones each was in when the service was last modified: a zone
    /// added to a load balancer later is not offered until then (guide: "Add or remove load
    /// balancers").
    pub load_balancers: BTreeMap<LoadBalancerId, BTreeSet<ZoneId>>,
    /// Which endpoints it takes.
    pub ip_address_types: BTreeSet<IpAddressType>,
    /// The name that consumers may reach it by instead, with its proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_dns: Option<PrivateDns>,
    /// The Regions that it is offered in besides this one, which it cannot leave.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub other_regions: BTreeSet<RegionName>,
    /// Whom the charges of its endpoints are for.
    #[serde(default, skip_serializing_if = "Payer::is_default")]
    pub payer: Payer,
    /// What makes it one of the platform's catalogue; none for all that accounts make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<CatalogEntry>,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl EndpointService {
    /// The zones that endpoints can be in.
    pub fn zones(&self) -> BTreeSet<&ZoneId> {
        self.load_balancers.values().flatten().collect()
    }

    /// Whether it takes endpoints of a type: those with both families need both.
    pub fn takes(&self, ip_address_type: IpAddressType) -> bool {
        let takes = |it| self.ip_address_types.contains(&it);
        match ip_address_type {
            IpAddressType::Dualstack => takes(IpAddressType::Ipv4) && takes(IpAddressType::Ipv6),
            one => takes(one),
        }
    }

    /// The load balancers that serve a zone.
    pub fn load_balancers_in(&self, zone: &ZoneId) -> Vec<LoadBalancerId> {
        let serving = self.load_balancers.iter().filter(|(_, zones)| zones.contains(zone));
        serving.map(|(id, _)| *id).collect()
    }

    /// The name by which consumers ask for it.
    pub fn name(&self, region: &RegionName) -> ServiceName {
        match &self.catalog {
            Some(entry) => entry.name.clone(),
            None => ServiceName::of(self.id, region),
        }
    }

    /// The domain of its endpoints' names.
    pub fn base_name(&self, region: &RegionName) -> DnsName {
        match &self.catalog {
            Some(entry) => entry.base_name.clone(),
            None => DnsName::service_base(self.id, region),
        }
    }

    /// Its owner as consumers are told.
    pub fn owner_name(&self) -> &str {
        if self.catalog.is_some() { CATALOG_OWNER } else { self.owner.as_str() }
    }

    /// Which endpoints it is for.
    pub fn service_type(&self) -> ServiceType {
        self.catalog.as_ref().map(|entry| entry.service_type).unwrap_or_default()
    }

    /// What becomes of endpoints that a permission had admitted when it is taken away: what the tag
    /// says, or else the operator's choice.
    pub fn permission_removal(&self, default: PermissionRemoval) -> PermissionRemoval {
        let tag = self.tags.value(PERMISSION_REMOVAL);
        tag.and_then(PermissionRemoval::of_word).unwrap_or(default)
    }
}

/// A service's name as consumers write it, for example
/// `com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0`. Any text: an unknown one is refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceName(pub String);

/// What the names of services made by accounts start with.
pub(super) const NAME_PREFIX: &str = "com.amazonaws.vpce.";

impl ServiceName {
    /// The name of a service made by an account.
    pub fn of(service: ServiceId, region: &RegionName) -> Self {
        Self(format!("{NAME_PREFIX}{region}.{service}"))
    }

    /// The service that the name means in a Region.
    pub fn service(&self, region: &RegionName) -> Option<ServiceId> {
        let rest = self.0.strip_prefix(NAME_PREFIX)?.strip_prefix(region.as_str())?;
        rest.strip_prefix('.')?.parse().ok()
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
