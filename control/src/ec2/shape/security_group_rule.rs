//! A rule of a security group as EC2 shows it on its own.

use std::sync::Arc;

use control_core::{
    describe::View,
    resource::{Direction, Peer, SecurityGroup, SecurityGroupRule},
};
use model::{RegionName, SecurityGroupId, SecurityGroupRuleId};

use super::super::{
    describe::{Identified, Listed},
    rule_input::protocol_name,
    tag,
};
use crate::query::{Subject, Xml};

/// A rule of one of the caller's security groups.
pub(in crate::ec2) struct SecurityGroupRuleView {
    group: Arc<SecurityGroup>,
    id: SecurityGroupRuleId,
    rule: SecurityGroupRule,
    region: RegionName,
}

impl SecurityGroupRuleView {
    /// The rules of a group that are among some.
    pub(in crate::ec2) fn of(
        view: View<'_>,
        group: &Arc<SecurityGroup>,
        among: impl Fn(SecurityGroupRuleId) -> bool,
    ) -> Vec<Self> {
        let rules = group.rules.iter().filter(|(id, _)| among(**id));
        let new = |(id, rule): (&SecurityGroupRuleId, &SecurityGroupRule)| Self {
            group: Arc::clone(group),
            id: *id,
            rule: rule.clone(),
            region: view.settings().region.clone(),
        };
        rules.map(new).collect()
    }

    fn arn(&self) -> String {
        let (region, owner, id) = (&self.region, &self.group.owner, self.id);
        format!("arn:aws:ec2:{region}:{owner}:security-group-rule/{id}")
    }
}

/// Writes what a rule has in every answer.
pub(in crate::ec2) fn write_rule(
    xml: &mut Xml,
    group: SecurityGroupId,
    id: SecurityGroupRuleId,
    rule: &SecurityGroupRule,
) {
    let traffic = &rule.traffic;
    xml.value("securityGroupRuleId", id);
    xml.value("groupId", group);
    xml.value("isEgress", traffic.direction == Direction::Egress);
    xml.text("ipProtocol", protocol_name(traffic.protocol));
    xml.value("fromPort", traffic.from_port);
    xml.value("toPort", traffic.to_port);
    match traffic.peer {
        Peer::Ipv4(cidr) => xml.value("cidrIpv4", cidr),
        Peer::Ipv6(cidr) => xml.value("cidrIpv6", cidr),
        Peer::Group(_) => {}
    }
    xml.option("description", rule.description.as_ref());
}

impl Subject for SecurityGroupRuleView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            "group-id" => self.group.id.to_string(),
            "security-group-rule-id" => self.id.to_string(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        tag::pairs(&self.rule.tags)
    }
}

impl Listed for SecurityGroupRuleView {
    const FILTERS: &[&str] = &["group-id", "security-group-rule-id", "tag-key"];
    const SET: &str = "securityGroupRuleSet";

    fn key(&self) -> String {
        self.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        let groups = view.security_groups();
        let mut all: Vec<Self> = groups.flat_map(|group| Self::of(view, group, |_| true)).collect();
        all.sort_by_key(|listed| listed.id);
        all
    }

    fn write(&self, xml: &mut Xml) {
        write_rule(xml, self.group.id, self.id, &self.rule);
        xml.value("groupOwnerId", &self.group.owner);
        if let Peer::Group(id) = self.rule.traffic.peer {
            xml.element("referencedGroupInfo", |xml| {
                xml.value("groupId", id);
                xml.value("userId", &self.group.owner);
                xml.value("vpcId", self.group.vpc);
            });
        }
        tag::write(xml, &self.rule.tags);
        xml.text("securityGroupRuleArn", self.arn());
    }
}

impl Identified for SecurityGroupRuleView {
    type Id = SecurityGroupRuleId;
    const IDS: &str = "SecurityGroupRuleId";

    fn find(view: View<'_>, id: SecurityGroupRuleId) -> Option<Self> {
        let group = view.rule_group(id).ok()?;
        Self::of(view, group, |other| other == id).pop()
    }
}
