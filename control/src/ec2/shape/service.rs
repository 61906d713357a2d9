//! An endpoint service as its owner, the provider, sees it in EC2.

use std::sync::Arc;

use control_core::{describe::View, resource::EndpointService};
use model::{RegionName, ServiceId};

use super::{
    super::{
        describe::{Identified, Listed},
        tag,
    },
    ip_address_type, payer, service_type,
};
use crate::{
    arn::ArnBase,
    query::{Subject, Xml},
};

/// A service of the caller's.
pub(in crate::ec2) struct ServiceView {
    service: Arc<EndpointService>,
    region: RegionName,
    zone_names: Vec<String>,
    load_balancer_arns: Vec<String>,
}

impl ServiceView {
    /// The service as its owner sees it.
    pub(in crate::ec2) fn new(view: View<'_>, service: &Arc<EndpointService>) -> Self {
        let region = view.settings().region.clone();
        let base = ArnBase { region: &region, account: &service.owner };
        let load_balancers =
            service.load_balancers.keys().filter_map(|id| view.load_balancer(*id).ok());
        let load_balancer_arns =
            load_balancers.map(|lb| base.load_balancer(&lb.name, lb.id)).collect();
        let zones = service.zones();
        let zone_names = zones.iter().map(|zone| super::zone::name(view, zone)).collect();
        Self { service: Arc::clone(service), zone_names, load_balancer_arns, region }
    }
}

impl ServiceView {
    /// One of the catalogue has nothing to prove, and more names than the element can hold.
    fn write_private_dns(&self, xml: &mut Xml) {
        if let Some(entry) = &self.service.catalog {
            xml.option("privateDnsName", entry.private_dns_names.first());
        }
        if let Some(private) = &self.service.private_dns {
            xml.value("privateDnsName", &private.name);
            xml.element("privateDnsNameConfiguration", |xml| {
                xml.value("state", private.state);
                xml.text("type", "TXT");
                xml.text("value", private.token.record_value());
                xml.text("name", private.token.record_name());
            });
        }
    }
}

impl Subject for ServiceView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            "service-id" => self.service.id.to_string(),
            "service-name" => self.service.name(&self.region).to_string(),
            "service-state" => self.service.state.to_string(),
            "supported-ip-address-types" => {
                let types = self.service.ip_address_types.iter();
                return types.map(|of| ip_address_type(*of).to_owned()).collect();
            }
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        tag::pairs(&self.service.tags)
    }
}

impl Listed for ServiceView {
    const FILTERS: &[&str] =
        &["service-id", "service-name", "service-state", "supported-ip-address-types", "tag-key"];
    const SET: &str = "serviceConfigurationSet";

    fn key(&self) -> String {
        self.service.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        view.services().map(|service| Self::new(view, service)).collect()
    }

    fn write(&self, xml: &mut Xml) {
        let (service, region) = (&self.service, &self.region);
        let kind = service_type(service.service_type());
        xml.list("serviceType", "item", [kind], |xml, kind| xml.text("serviceType", kind));
        xml.value("serviceId", service.id);
        xml.value("serviceName", service.name(region));
        xml.value("serviceState", service.state);
        xml.values("availabilityZoneIdSet", "item", service.zones());
        xml.values("availabilityZoneSet", "item", &self.zone_names);
        xml.value("acceptanceRequired", service.acceptance_required);
        xml.value("managesVpcEndpoints", false);
        xml.values("networkLoadBalancerArnSet", "item", &self.load_balancer_arns);
        let types = service.ip_address_types.iter().map(|of| ip_address_type(*of));
        xml.values("supportedIpAddressTypeSet", "item", types);
        xml.values("baseEndpointDnsNameSet", "item", [service.base_name(region)]);
        self.write_private_dns(xml);
        payer::write_of_service(xml, service.payer);
        tag::write(xml, &service.tags);
        let regions = std::iter::once(region).chain(&service.other_regions);
        xml.list("supportedRegionSet", "item", regions, |xml, region| {
            xml.value("region", region);
            xml.value("serviceState", service.state);
        });
        xml.value("remoteAccessEnabled", !service.other_regions.is_empty());
    }
}

impl Identified for ServiceView {
    type Id = ServiceId;
    const IDS: &str = "ServiceId";

    fn find(view: View<'_>, id: ServiceId) -> Option<Self> {
        view.service(id).ok().map(|service| Self::new(view, service))
    }
}
