//! A VPC as EC2 shows it.

use std::sync::Arc;

use control_core::{
    describe::View,
    resource::{Vpc, VpcBlock},
};
use model::{VpcCidrAssociationId, VpcId};

use super::super::{
    block,
    describe::{Identified, Listed},
    tag,
};
use crate::query::{Subject, Xml};

/// A VPC of the caller's.
pub(in crate::ec2) struct VpcView(pub(in crate::ec2) Arc<Vpc>);

impl VpcView {
    /// All blocks with their associations, the first one first.
    fn blocks(&self) -> Vec<(VpcCidrAssociationId, VpcBlock)> {
        let vpc = &self.0;
        let first = VpcBlock { block: vpc.cidr.into(), is_drawn: false };
        let further = vpc.further.iter().map(|(id, block)| (*id, *block));
        std::iter::once((vpc.first_association(), first)).chain(further).collect()
    }

    /// Those of one family.
    fn of_family(&self, is_ipv4: bool) -> impl Iterator<Item = (VpcCidrAssociationId, VpcBlock)> {
        self.blocks().into_iter().filter(move |(_, it)| it.block.addr().is_ipv4() == is_ipv4)
    }

    /// What a filter on blocks of one family compares.
    fn block_values(&self, filter: &str, is_ipv4: bool) -> Vec<String> {
        let blocks = self.of_family(is_ipv4);
        match filter {
            "association-id" => blocks.map(|(id, _)| id.to_string()).collect(),
            "state" => blocks.map(|_| "associated".to_owned()).collect(),
            _ => blocks.map(|(_, it)| it.block.to_string()).collect(),
        }
    }
}

impl Subject for VpcView {
    fn values(&self, filter: &str) -> Vec<String> {
        if let Some(of_block) = filter.strip_prefix("cidr-block-association.") {
            return self.block_values(of_block, true);
        }
        if let Some(of_block) = filter.strip_prefix("ipv6-cidr-block-association.") {
            return self.block_values(of_block, false);
        }
        vec![match filter {
            // AWS takes the other two for "cidr", and clients use them.
            "cidr" | "cidr-block" | "cidrBlock" => self.0.cidr.to_string(),
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
        "ipv6-cidr-block-association.association-id",
        "ipv6-cidr-block-association.ipv6-cidr-block",
        "ipv6-cidr-block-association.state",
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
        let write = |xml: &mut Xml, (id, block): (VpcCidrAssociationId, VpcBlock)| {
            block::write_of_vpc(xml, id, block, "associated");
        };
        xml.list("cidrBlockAssociationSet", "item", self.of_family(true), write);
        xml.list("ipv6CidrBlockAssociationSet", "item", self.of_family(false), write);
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
