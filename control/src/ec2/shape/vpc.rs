//! A VPC as EC2 shows it.

use std::sync::Arc;

use control_core::{describe::View, resource::Vpc};
use model::VpcId;

use super::super::{
    describe::{Identified, Listed},
    tag,
};
use crate::query::{Subject, Xml};

/// A VPC of the caller's.
pub(in crate::ec2) struct VpcView(pub(in crate::ec2) Arc<Vpc>);

impl VpcView {
    /// The association of its one address range, named after the VPC.
    fn association(&self) -> String {
        format!("vpc-cidr-assoc-{}", &self.0.id.to_string()[VpcId::PREFIX.len()..])
    }
}

impl Subject for VpcView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            // AWS takes the other two for "cidr", and clients use them.
            "cidr" | "cidr-block" | "cidrBlock" | "cidr-block-association.cidr-block" => {
                self.0.cidr.to_string()
            }
            "cidr-block-association.association-id" => self.association(),
            "cidr-block-association.state" => "associated".into(),
            "dhcp-options-id" => "default".into(),
            "is-default" | "isDefault" => false.to_string(),
            "owner-id" => self.0.owner.to_string(),
            "state" => "available".into(),
            "vpc-id" => self.0.id.to_string(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        tag::pairs(&self.0.tags)
    }
}

impl Listed for VpcView {
    const FILTERS: &[&str] = &[
        "cidr",
        "cidr-block",
        "cidr-block-association.association-id",
        "cidr-block-association.cidr-block",
        "cidr-block-association.state",
        "cidrBlock",
        "dhcp-options-id",
        "is-default",
        "isDefault",
        "owner-id",
        "state",
        "tag-key",
        "vpc-id",
    ];
    const SET: &str = "vpcSet";

    fn key(&self) -> String {
        self.0.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        view.vpcs().map(|vpc| Self(Arc::clone(vpc))).collect()
    }

    fn write(&self, xml: &mut Xml) {
        let vpc = &self.0;
        xml.value("vpcId", vpc.id);
        xml.value("ownerId", &vpc.owner);
        xml.text("state", "available");
        xml.value("cidrBlock", vpc.cidr);
        xml.list("cidrBlockAssociationSet", "item", [vpc.cidr], |xml, cidr| {
            xml.text("associationId", self.association());
            xml.value("cidrBlock", cidr);
            xml.element("cidrBlockState", |xml| xml.text("state", "associated"));
        });
        xml.text("dhcpOptionsId", "default");
        xml.text("instanceTenancy", "default");
        xml.value("isDefault", false);
        tag::write(xml, &vpc.tags);
    }
}

impl Identified for VpcView {
    type Id = VpcId;
    const IDS: &str = "VpcId";

    fn find(view: View<'_>, id: VpcId) -> Option<Self> {
        view.vpc(id).ok().map(|vpc| Self(Arc::clone(vpc)))
    }
}
