//! An endpoint service as those see it in EC2 who may connect to it, and its owner.

use std::sync::Arc;

use control_core::{
    describe::View,
    resource::{DomainState, EndpointService, ServiceName, ServiceType},
};
use model::{DnsName, RegionName, ZoneId};

use super::{
    super::{describe::Listed, tag},
    ip_address_type, payer, service_type,
};
use crate::query::{Subject, Xml};

/// A service that the caller owns or is permitted to use.
pub(in crate::ec2) struct ServiceDetailView {
    service: Arc<EndpointService>,
    region: RegionName,
    zones: Vec<ZoneId>,
    zone_names: Vec<String>,
    is_own: bool,
}

impl ServiceDetailView {
    /// A service that the caller may see, as it sees it.
    pub(in crate::ec2) fn new(view: View<'_>, service: &Arc<EndpointService>) -> Self {
        let zones: Vec<ZoneId> = match service.service_type() {
            ServiceType::Interface => service.zones().into_iter().cloned().collect(),
            // Behind a route, it is in none and so in all.
            ServiceType::Gateway => view.zones().map(|zone| zone.id.clone()).collect(),
        };
        Self {
            region: view.settings().region.clone(),
            zone_names: zones.iter().map(|zone| super::zone::name(view, zone)).collect(),
            zones,
            is_own: service.owner == view.caller().account,
            service: Arc::clone(service),
        }
    }

    /// Its name.
    pub(in crate::ec2) fn name(&self) -> ServiceName {
        self.service.name(&self.region)
    }
}

/// The private DNS names of a service, and where the proof of their domain stands: the catalogue's
/// need none.
fn private_names(service: &EndpointService) -> (&[DnsName], DomainState) {
    match (&service.catalog, &service.private_dns) {
        (Some(entry), _) => (&entry.private_dns_names, DomainState::Verified),
        (None, Some(private)) => (std::slice::from_ref(&private.name), private.state),
        (None, None) => (&[], DomainState::PendingVerification),
    }
}

impl Subject for ServiceDetailView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            "owner" => self.service.owner_name().to_owned(),
            "service-name" => self.name().to_string(),
            "service-region" => self.region.to_string(),
            "service-type" => service_type(self.service.service_type()).into(),
            "supported-ip-address-types" => {
                let types = self.service.ip_address_types.iter();
                return types.map(|of| ip_address_type(*of).to_owned()).collect();
            }
            _ => return Vec::new(),
        }]
    }

    /// The provider's tags are nobody else's business.
    fn tags(&self) -> Vec<(&str, &str)> {
        if self.is_own { tag::pairs(&self.service.tags) } else { Vec::new() }
    }
}

impl Listed for ServiceDetailView {
    const FILTERS: &[&str] = &[
        "owner",
        "service-name",
        "service-region",
        "service-type",
        "supported-ip-address-types",
        "tag-key",
    ];
    const SET: &str = "serviceDetailSet";

    fn key(&self) -> String {
        self.service.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        view.visible_services().map(|service| Self::new(view, service)).collect()
    }

    fn write(&self, xml: &mut Xml) {
        let (service, region) = (&self.service, &self.region);
        xml.value("serviceName", self.name());
        xml.value("serviceId", service.id);
        let kind = service_type(service.service_type());
        xml.list("serviceType", "item", [kind], |xml, kind| xml.text("serviceType", kind));
        xml.value("serviceRegion", region);
        xml.values("availabilityZoneIdSet", "item", &self.zones);
        xml.values("availabilityZoneSet", "item", &self.zone_names);
        xml.text("owner", service.owner_name());
        xml.values("baseEndpointDnsNameSet", "item", [service.base_name(region)]);
        let (names, state) = private_names(service);
        if let Some(first) = names.first() {
            xml.value("privateDnsName", first);
            xml.list("privateDnsNameSet", "item", names, |xml, name| {
                xml.value("privateDnsName", name);
            });
            xml.value("privateDnsNameVerificationState", state);
        }
        let has_policy = service.catalog.as_ref().is_some_and(|entry| entry.policy_supported);
        xml.value("vpcEndpointPolicySupported", has_policy);
        xml.value("acceptanceRequired", service.acceptance_required);
        xml.value("managesVpcEndpoints", false);
        payer::write_of_service(xml, service.payer);
        xml.list("tagSet", "item", self.tags(), |xml, (key, value)| {
            xml.text("key", key);
            xml.text("value", value);
        });
        let types = service.ip_address_types.iter().map(|of| ip_address_type(*of));
        xml.values("supportedIpAddressTypeSet", "item", types);
    }
}
