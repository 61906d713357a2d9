//! An endpoint service as those see it in EC2 who may connect to it, and its owner.

use std::sync::Arc;

use control_core::{
    describe::View,
    resource::{EndpointService, ServiceName},
};
use model::RegionName;

use super::{
    super::{describe::Listed, tag},
    ip_address_type,
};
use crate::query::{Subject, Xml};

/// A service that the caller owns or is permitted to use.
pub(in crate::ec2) struct ServiceDetailView {
    service: Arc<EndpointService>,
    region: RegionName,
    zone_names: Vec<String>,
    is_own: bool,
}

impl ServiceDetailView {
    /// A service that the caller may see, as it sees it.
    pub(in crate::ec2) fn new(view: View<'_>, service: &Arc<EndpointService>) -> Self {
        let zones = service.zones();
        Self {
            region: view.settings().region.clone(),
            zone_names: zones.iter().map(|zone| super::zone::name(view, zone)).collect(),
            is_own: service.owner == view.caller().account,
            service: Arc::clone(service),
        }
    }

    /// Its name.
    pub(in crate::ec2) fn name(&self) -> ServiceName {
        self.service.name(&self.region)
    }
}

impl Subject for ServiceDetailView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            "owner" => self.service.owner.to_string(),
            "service-name" => self.name().to_string(),
            "service-region" => self.region.to_string(),
            "service-type" => "Interface".into(),
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
        xml.list("serviceType", "item", ["Interface"], |xml, kind| xml.text("serviceType", kind));
        xml.value("serviceRegion", region);
        xml.values("availabilityZoneIdSet", "item", service.zones());
        xml.values("availabilityZoneSet", "item", &self.zone_names);
        xml.value("owner", &service.owner);
        xml.values("baseEndpointDnsNameSet", "item", [service.base_name(region)]);
        if let Some(private) = &service.private_dns {
            xml.value("privateDnsName", &private.name);
            xml.list("privateDnsNameSet", "item", [&private.name], |xml, name| {
                xml.value("privateDnsName", name);
            });
            xml.value("privateDnsNameVerificationState", private.state);
        }
        xml.value("vpcEndpointPolicySupported", false);
        xml.value("acceptanceRequired", service.acceptance_required);
        xml.value("managesVpcEndpoints", false);
        xml.list("tagSet", "item", self.tags(), |xml, (key, value)| {
            xml.text("key", key);
            xml.text("value", value);
        });
        let types = service.ip_address_types.iter().map(|of| ip_address_type(*of));
        xml.values("supportedIpAddressTypeSet", "item", types);
    }
}
