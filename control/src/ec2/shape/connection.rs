//! A VPC endpoint as the provider of its service sees it: a connection.

use std::{collections::BTreeSet, sync::Arc};

use control_core::{describe::View, resource::VpcEndpoint};
use model::{RegionName, ServiceId};

use super::{super::describe::Listed, dns_entry, ip_address_type, payer};
use crate::{
    arn::ArnBase,
    query::{Filters, Subject, Xml},
};

/// A connection to one of the caller's services.
pub(in crate::ec2) struct ConnectionView {
    endpoint: Arc<VpcEndpoint>,
    region: RegionName,
    load_balancer_arns: Vec<String>,
}

impl ConnectionView {
    fn new(view: View<'_>, endpoint: &Arc<VpcEndpoint>) -> Self {
        let region = view.settings().region.clone();
        Self { endpoint: Arc::clone(endpoint), load_balancer_arns: Vec::new(), region }
    }
}

impl Subject for ConnectionView {
    fn values(&self, filter: &str) -> Vec<String> {
        let endpoint = &self.endpoint;
        vec![match filter {
            "ip-address-type" => ip_address_type(endpoint.ip_address_type).into(),
            "service-id" => endpoint.service.to_string(),
            "vpc-endpoint-id" => endpoint.id.to_string(),
            "vpc-endpoint-owner" => endpoint.owner.to_string(),
            "vpc-endpoint-region" => self.region.to_string(),
            "vpc-endpoint-state" => endpoint.state.to_string(),
            // "transit-gateway-attachment-id" among them: none is attached here.
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }
}

impl Listed for ConnectionView {
    const FILTERS: &[&str] = &[
        "ip-address-type",
        "service-id",
        "transit-gateway-attachment-id",
        "vpc-endpoint-id",
        "vpc-endpoint-owner",
        "vpc-endpoint-region",
        "vpc-endpoint-state",
    ];
    const SET: &str = "vpcEndpointConnectionSet";

    fn key(&self) -> String {
        self.endpoint.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        let services = view.services().map(|it| it.id);
        view.connections_after(services, None).map(|it| Self::new(view, it.endpoint)).collect()
    }

    fn candidates<'a>(
        view: View<'a>,
        filters: &Filters,
        after: Option<&str>,
    ) -> Box<dyn Iterator<Item = Self> + 'a> {
        let services: BTreeSet<ServiceId> = match filters.exact("service-id") {
            Some(ids) => ids.into_iter().filter_map(|id| id.parse().ok()).collect(),
            None => view.services().map(|it| it.id).collect(),
        };
        let after = after.and_then(|key| key.parse().ok());
        Box::new(
            view.connections_after(services, after).map(move |it| Self::new(view, it.endpoint)),
        )
    }

    fn complete(&mut self, view: View<'_>) {
        let base = ArnBase { region: &self.region, account: &view.caller().account };
        let ids: BTreeSet<_> =
            self.endpoint.interfaces.iter().map(|eni| eni.load_balancer).collect();
        self.load_balancer_arns = ids
            .into_iter()
            .filter_map(|id| view.load_balancer(id).ok())
            .map(|lb| base.load_balancer(&lb.name, lb.id))
            .collect();
    }

    fn write(&self, xml: &mut Xml) {
        let endpoint = &self.endpoint;
        xml.value("serviceId", endpoint.service);
        xml.value("vpcEndpointId", endpoint.id);
        xml.value("vpcEndpointOwner", &endpoint.owner);
        xml.value("vpcEndpointState", endpoint.state);
        xml.time("creationTimestamp", endpoint.created);
        dns_entry::write(xml, endpoint, &self.region);
        xml.values("networkLoadBalancerArnSet", "item", &self.load_balancer_arns);
        xml.text("ipAddressType", ip_address_type(endpoint.ip_address_type));
        xml.value("vpcEndpointConnectionId", endpoint.connection);
        xml.values("tagSet", "item", [""; 0]);
        xml.value("vpcEndpointRegion", &self.region);
        payer::write(xml, endpoint.payer);
    }
}
