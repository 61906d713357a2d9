//! A subnet as EC2 shows it.

use std::sync::Arc;

use control_core::{describe::View, resource::Subnet};
use model::{RegionName, SubnetId};

use super::super::{
    block,
    describe::{Identified, Listed},
    tag,
};
use crate::query::{Subject, Xml};

/// A subnet of the caller's.
pub(in crate::ec2) struct SubnetView {
    subnet: Arc<Subnet>,
    region: RegionName,
    zone_name: String,
    available: usize,
}

impl SubnetView {
    /// The subnet as the caller sees it.
    pub(in crate::ec2) fn new(view: View<'_>, subnet: &Arc<Subnet>) -> Self {
        Self {
            region: view.settings().region.clone(),
            zone_name: super::zone::name(view, &subnet.zone),
            available: view.free_addresses(subnet),
            subnet: Arc::clone(subnet),
        }
    }

    fn arn(&self) -> String {
        let Subnet { owner, id, .. } = &*self.subnet;
        format!("arn:aws:ec2:{}:{owner}:subnet/{id}", self.region)
    }
}

/// The value of something that not every subnet has.
fn option(value: Option<impl ToString>) -> Vec<String> {
    value.iter().map(ToString::to_string).collect()
}

impl Subject for SubnetView {
    fn values(&self, filter: &str) -> Vec<String> {
        let subnet = &self.subnet;
        vec![match filter {
            "availability-zone" | "availabilityZone" => self.zone_name.clone(),
            "availability-zone-id" | "availabilityZoneId" => subnet.zone.to_string(),
            "available-ip-address-count" => self.available.to_string(),
            "cidr" | "cidr-block" | "cidrBlock" => return option(subnet.cidr),
            "default-for-az" | "defaultForAz" => false.to_string(),
            "ipv6-cidr-block-association.association-id" => {
                return option(subnet.ipv6.map(|it| it.association));
            }
            "ipv6-cidr-block-association.ipv6-cidr-block" => {
                return option(subnet.ipv6.map(|it| it.block));
            }
            "ipv6-cidr-block-association.state" => {
                return option(subnet.ipv6.map(|_| "associated"));
            }
            "ipv6-native" => subnet.cidr.is_none().to_string(),
            "owner-id" => subnet.owner.to_string(),
            "state" => "available".into(),
            "subnet-arn" => self.arn(),
            "subnet-id" => subnet.id.to_string(),
            "vpc-id" => subnet.vpc.to_string(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        tag::pairs(&self.subnet.tags)
    }
}

impl Listed for SubnetView {
    const FILTERS: &[&str] = &[
        "availability-zone",
        "availability-zone-id",
        "availabilityZone",
        "availabilityZoneId",
        "available-ip-address-count",
        "cidr",
        "cidr-block",
        "cidrBlock",
        "default-for-az",
        "defaultForAz",
        "ipv6-cidr-block-association.association-id",
        "ipv6-cidr-block-association.ipv6-cidr-block",
        "ipv6-cidr-block-association.state",
        "ipv6-native",
        "owner-id",
        "state",
        "subnet-arn",
        "subnet-id",
        "tag-key",
        "vpc-id",
    ];
    const SET: &str = "subnetSet";

    fn key(&self) -> String {
        self.subnet.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        view.subnets().map(|subnet| Self::new(view, subnet)).collect()
    }

    fn write(&self, xml: &mut Xml) {
        let subnet = &self.subnet;
        xml.value("subnetId", subnet.id);
        xml.text("subnetArn", self.arn());
        xml.value("ownerId", &subnet.owner);
        xml.value("vpcId", subnet.vpc);
        xml.text("state", "available");
        xml.option("cidrBlock", subnet.cidr);
        xml.text("availabilityZone", &self.zone_name);
        xml.value("availabilityZoneId", &subnet.zone);
        xml.value("availableIpAddressCount", self.available);
        xml.value("assignIpv6AddressOnCreation", false);
        xml.list("ipv6CidrBlockAssociationSet", "item", subnet.ipv6, |xml, ipv6| {
            block::write_of_subnet(xml, ipv6, "associated");
        });
        xml.value("defaultForAz", false);
        xml.value("enableDns64", false);
        xml.value("ipv6Native", subnet.cidr.is_none());
        xml.value("mapCustomerOwnedIpOnLaunch", false);
        xml.value("mapPublicIpOnLaunch", false);
        xml.element("privateDnsNameOptionsOnLaunch", |xml| {
            xml.text("hostnameType", "ip-name");
            xml.value("enableResourceNameDnsARecord", false);
            xml.value("enableResourceNameDnsAAAARecord", false);
        });
        tag::write(xml, &subnet.tags);
    }
}

impl Identified for SubnetView {
    type Id = SubnetId;
    const IDS: &str = "SubnetId";

    fn find(view: View<'_>, id: SubnetId) -> Option<Self> {
        view.subnet(id).ok().map(|subnet| Self::new(view, subnet))
    }
}
