//! A VPC endpoint as its owner, the consumer, sees it in EC2.

use std::{collections::BTreeSet, sync::Arc};

use control_core::{
    describe::View,
    resource::{ResourceId, ServiceName, VpcEndpoint},
};
use model::{RegionName, SecurityGroupId, VpcEndpointId};

use super::{
    super::{
        describe::{Identified, Listed},
        tag,
    },
    dns_entry, dns_record_ip_type, ip_address_type, payer, security_group,
};
use crate::query::{Filters, Subject, Xml};

/// What an endpoint allows if nobody wrote a policy: everything (guide: "Default endpoint policy").
const DEFAULT_POLICY: &str =
    r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}"#;

/// An endpoint of the caller's.
pub(in crate::ec2) struct EndpointView {
    endpoint: Arc<VpcEndpoint>,
    region: RegionName,
    groups: Vec<(SecurityGroupId, String)>,
}

impl EndpointView {
    /// The endpoint as its owner sees it.
    pub(in crate::ec2) fn new(view: View<'_>, endpoint: &Arc<VpcEndpoint>) -> Self {
        let mut endpoint = Self::bare(view, endpoint);
        endpoint.complete(view);
        endpoint
    }

    fn bare(view: View<'_>, endpoint: &Arc<VpcEndpoint>) -> Self {
        let region = view.settings().region.clone();
        Self { endpoint: Arc::clone(endpoint), region, groups: Vec::new() }
    }
}

impl Subject for EndpointView {
    fn values(&self, filter: &str) -> Vec<String> {
        let endpoint = &self.endpoint;
        vec![match filter {
            "ip-address-type" => ip_address_type(endpoint.ip_address_type).into(),
            "service-name" => endpoint.service_name.to_string(),
            "service-region" => self.region.to_string(),
            "vpc-endpoint-id" => endpoint.id.to_string(),
            "vpc-endpoint-state" => endpoint.state.to_string(),
            "vpc-endpoint-type" => "Interface".into(),
            "vpc-id" => endpoint.vpc.to_string(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        tag::pairs(&self.endpoint.tags)
    }
}

impl Listed for EndpointView {
    const FILTERS: &[&str] = &[
        "ip-address-type",
        "service-name",
        "service-region",
        "tag-key",
        "vpc-endpoint-id",
        "vpc-endpoint-state",
        "vpc-endpoint-type",
        "vpc-id",
    ];
    const SET: &str = "vpcEndpointSet";

    fn key(&self) -> String {
        self.endpoint.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        view.endpoints().map(|endpoint| Self::bare(view, endpoint)).collect()
    }

    fn candidates<'a>(
        view: View<'a>,
        filters: &Filters,
        after: Option<&str>,
    ) -> Box<dyn Iterator<Item = Self> + 'a> {
        let after = after.and_then(|key| key.parse().ok());
        let bare = move |endpoint| Self::bare(view, endpoint);
        match of_vpcs(filters).or_else(|| of_services(filters, &view.settings().region)) {
            Some(of) => Box::new(view.endpoints_among(of, after).map(bare)),
            None => Box::new(view.endpoints_after(after).map(bare)),
        }
    }

    fn complete(&mut self, view: View<'_>) {
        let groups = self.endpoint.security_groups.iter();
        self.groups = security_group::named(view, groups.copied());
    }

    fn write(&self, xml: &mut Xml) {
        let endpoint = &self.endpoint;
        xml.value("vpcEndpointId", endpoint.id);
        xml.text("vpcEndpointType", "Interface");
        xml.value("vpcId", endpoint.vpc);
        xml.value("serviceName", &endpoint.service_name);
        xml.value("state", endpoint.state);
        xml.text("policyDocument", endpoint.policy.as_deref().unwrap_or(DEFAULT_POLICY));
        xml.values("routeTableIdSet", "item", [""; 0]);
        security_group::write_set(xml, &self.groups);
        xml.text("ipAddressType", ip_address_type(endpoint.ip_address_type));
        xml.element("dnsOptions", |xml| {
            xml.text("dnsRecordIpType", dns_record_ip_type(endpoint.dns_record_ip_type));
        });
        xml.value("privateDnsEnabled", !endpoint.private_dns_names.is_empty());
        xml.value("requesterManaged", false);
        let interfaces: &[_] = if endpoint.has_interfaces() { &endpoint.interfaces } else { &[] };
        xml.values("subnetIdSet", "item", interfaces.iter().map(|interface| interface.subnet));
        xml.values(
            "networkInterfaceIdSet",
            "item",
            interfaces.iter().map(|interface| interface.id),
        );
        dns_entry::write(xml, endpoint, &self.region);
        xml.time("creationTimestamp", endpoint.created);
        tag::write(xml, &endpoint.tags);
        xml.value("ownerId", &endpoint.owner);
        if let Some(error) = &endpoint.last_error {
            xml.element("lastError", |xml| {
                xml.text("message", &error.message);
                xml.text("code", &error.code);
            });
            xml.text("failureReason", &error.message);
        }
        xml.value("serviceRegion", &self.region);
        payer::write(xml, endpoint.payer);
    }
}

/// The VPCs that an endpoint must be in; none if the filters do not name them.
fn of_vpcs(filters: &Filters) -> Option<BTreeSet<ResourceId>> {
    let ids = filters.exact("vpc-id")?;
    Some(ids.into_iter().filter_map(|id| id.parse().ok()).map(ResourceId::Vpc).collect())
}

/// The services that an endpoint must be of; none if the filters do not name them, or not by names
/// that say which they are.
fn of_services(filters: &Filters, region: &RegionName) -> Option<BTreeSet<ResourceId>> {
    let names = filters.exact("service-name")?.into_iter();
    let service = |name: &str| ServiceName(name.to_owned()).service(region);
    names.map(|name| service(name).map(ResourceId::Service)).collect()
}

impl Identified for EndpointView {
    type Id = VpcEndpointId;
    const IDS: &str = "VpcEndpointId";

    fn find(view: View<'_>, id: VpcEndpointId) -> Option<Self> {
        view.endpoint(id).ok().map(|endpoint| Self::bare(view, endpoint))
    }
}
