//! Commands about endpoint services.

use crate::resource::CatalogEntry;
use crate::tag::Tags;
use model::{DnsName, IpAddressType, LoadBalancerId, RegionName, ServiceId};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Parameters of [`crate::Command::CreateService`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateService {
    /// Its load balancers; never empty, unless it is one of the catalogue that is listed only.
    pub load_balancers: BTreeSet<LoadBalancerId>,
    /// Whether connection requests wait for the provider; AWS's default is yes.
    pub acceptance_required: bool,
    /// Which endpoints it takes; empty means IPv4.
    pub ip_address_types: BTreeSet<IpAddressType>,
    /// The name that consumers may reach it by instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_dns_name: Option<DnsName>,
    /// The Regions that it is offered in; this one always is.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub supported_regions: BTreeSet<RegionName>,
    /// What makes it one of the platform's catalogue: the operator's configuration alone brings it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<CatalogEntry>,
    /// Its tags.
    pub tags: Tags,
    /// Makes a repetition harmless.
    #[serde(skip)]
    pub client_token: Option<Arc<str>>,
}

/// Parameters of [`crate::Command::ModifyService`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModifyService {
    /// Which.
    pub service: ServiceId,
    /// Whether later connection requests wait for the provider.
    pub acceptance_required: Option<bool>,
    /// Load balancers to add.
    pub add_load_balancers: BTreeSet<LoadBalancerId>,
    /// Load balancers to remove; no endpoint may use them.
    pub remove_load_balancers: BTreeSet<LoadBalancerId>,
    /// Address types to add.
    pub add_ip_address_types: BTreeSet<IpAddressType>,
    /// Address types to remove.
    pub remove_ip_address_types: BTreeSet<IpAddressType>,
    /// Another private DNS name; `Some(None)` takes it away.
    pub private_dns_name: Option<Option<DnsName>>,
    /// Regions to offer it in.
    pub add_regions: BTreeSet<RegionName>,
    /// Regions no longer to offer it in; endpoints that are there stay.
    pub remove_regions: BTreeSet<RegionName>,
    /// Another entry of the catalogue; `Some(None)` takes it out, so that it is an ordinary service
    /// with the endpoints that it has.
    pub catalog: Option<Option<CatalogEntry>>,
}

impl ModifyService {
    /// No change to a service.
    pub fn of(service: ServiceId) -> Self {
        Self {
            service,
            acceptance_required: None,
            add_load_balancers: BTreeSet::new(),
            remove_load_balancers: BTreeSet::new(),
            add_ip_address_types: BTreeSet::new(),
            remove_ip_address_types: BTreeSet::new(),
            private_dns_name: None,
            add_regions: BTreeSet::new(),
            remove_regions: BTreeSet::new(),
            catalog: None,
        }
    }
}
