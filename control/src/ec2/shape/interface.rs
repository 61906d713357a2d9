//! An endpoint network interface as EC2 shows it to the consumer: managed by someone else, so there
//! is nothing to do with it but to look.

use std::sync::Arc;

use control_core::{
    describe::{NetworkInterface, View},
    resource::{Interface, VpcEndpoint},
};
use model::{EndpointState, InterfaceId, SecurityGroupId};

use super::{
    super::describe::{Identified, Listed},
    security_group,
};
use crate::query::{Subject, Xml};

/// Who manages the interface, as AWS writes it for endpoints.
const REQUESTER: &str = "amazon-aws";

/// An interface of one of the caller's endpoints.
pub(in crate::ec2) struct InterfaceView {
    endpoint: Arc<VpcEndpoint>,
    interface: Interface,
    zone_name: String,
    groups: Vec<(SecurityGroupId, String)>,
}

impl InterfaceView {
    fn new(view: View<'_>, of: NetworkInterface<'_>) -> Self {
        Self {
            endpoint: Arc::clone(of.endpoint),
            interface: of.interface.clone(),
            zone_name: super::zone::name(view, &of.interface.zone),
            groups: security_group::named(view, of.endpoint.security_groups.iter().copied()),
        }
    }

    fn description(&self) -> String {
        format!("VPC Endpoint Interface {}", self.endpoint.id)
    }

    /// What comes after the prefix in its id: two hexadecimal digits for each of eight bytes or so.
    fn digits(&self) -> String {
        self.interface.id.to_string()[InterfaceId::PREFIX.len()..].to_owned()
    }

    /// A hardware address for clients that insist on one, derived from the id and marked as locally
    /// administered: addresses here are the machine's, whatever hardware has them.
    fn mac_address(&self) -> String {
        let digits = self.digits();
        let pairs: Vec<&str> = (0..5).filter_map(|n| digits.get(n * 2..n * 2 + 2)).collect();
        format!("02:{}", pairs.join(":"))
    }

    fn status(&self) -> &'static str {
        match self.endpoint.state {
            EndpointState::Available => "in-use",
            EndpointState::Deleting => "detaching",
            EndpointState::PendingAcceptance
            | EndpointState::Pending
            | EndpointState::Rejected
            | EndpointState::Expired
            | EndpointState::Failed
            | EndpointState::Deleted => "available",
        }
    }
}

impl Subject for InterfaceView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            "addresses.primary" | "requester-managed" | "source-dest-check" => true.to_string(),
            "addresses.private-ip-address" | "private-ip-address" => {
                return self.interface.ipv4.iter().map(ToString::to_string).collect();
            }
            "availability-zone" => self.zone_name.clone(),
            "availability-zone-id" => self.interface.zone.to_string(),
            "description" => self.description(),
            "group-id" => return self.groups.iter().map(|(id, _)| id.to_string()).collect(),
            "group-name" => return self.groups.iter().map(|(_, name)| name.clone()).collect(),
            "interface-type" => "vpc_endpoint".into(),
            "ipv6-addresses.ipv6-address" => {
                return self.interface.ipv6.iter().map(ToString::to_string).collect();
            }
            "mac-address" => self.mac_address(),
            "network-interface-id" => self.interface.id.to_string(),
            "owner-id" => self.endpoint.owner.to_string(),
            "requester-id" => REQUESTER.into(),
            "status" => self.status().into(),
            "subnet-id" => self.interface.subnet.to_string(),
            "vpc-id" => self.endpoint.vpc.to_string(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }
}

impl Listed for InterfaceView {
    const FILTERS: &[&str] = &[
        "addresses.primary",
        "addresses.private-ip-address",
        "availability-zone",
        "availability-zone-id",
        "description",
        "group-id",
        "group-name",
        "interface-type",
        "ipv6-addresses.ipv6-address",
        "mac-address",
        "network-interface-id",
        "owner-id",
        "private-ip-address",
        "requester-id",
        "requester-managed",
        "source-dest-check",
        "status",
        "subnet-id",
        "tag-key",
        "vpc-id",
    ];
    const SET: &str = "networkInterfaceSet";

    fn key(&self) -> String {
        self.interface.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        let interfaces = view.network_interfaces();
        let mut all: Vec<Self> = interfaces.map(|of| Self::new(view, of)).collect();
        all.sort_by_key(|listed| listed.interface.id);
        all
    }

    fn write(&self, xml: &mut Xml) {
        let interface = &self.interface;
        xml.value("networkInterfaceId", interface.id);
        xml.value("subnetId", interface.subnet);
        xml.value("vpcId", self.endpoint.vpc);
        xml.text("availabilityZone", &self.zone_name);
        xml.value("availabilityZoneId", &interface.zone);
        xml.text("description", self.description());
        xml.value("ownerId", &self.endpoint.owner);
        xml.text("requesterId", REQUESTER);
        xml.value("requesterManaged", true);
        xml.text("status", self.status());
        xml.text("macAddress", self.mac_address());
        if self.status() == "in-use" {
            xml.element("attachment", |xml| {
                xml.text("attachmentId", format!("ela-attach-{}", self.digits()));
                xml.value("deleteOnTermination", false);
                xml.value("deviceIndex", 1);
                xml.text("instanceOwnerId", REQUESTER);
                xml.text("status", "attached");
            });
        }
        xml.text("interfaceType", "vpc_endpoint");
        xml.value("sourceDestCheck", true);
        security_group::write_set(xml, &self.groups);
        xml.option("privateIpAddress", interface.ipv4);
        xml.list("privateIpAddressesSet", "item", interface.ipv4, |xml, ip| {
            xml.value("primary", true);
            xml.value("privateIpAddress", ip);
        });
        xml.list("ipv6AddressesSet", "item", interface.ipv6, |xml, ip| {
            xml.value("ipv6Address", ip);
        });
        xml.values("tagSet", "item", [""; 0]);
    }
}

impl Identified for InterfaceView {
    type Id = InterfaceId;
    const IDS: &str = "NetworkInterfaceId";

    fn find(view: View<'_>, id: InterfaceId) -> Option<Self> {
        view.network_interface(id).ok().map(|of| Self::new(view, of))
    }
}
