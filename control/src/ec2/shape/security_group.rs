//! A security group as EC2 shows it: its rules put together into permissions.

use std::{collections::BTreeMap, sync::Arc};

use control_core::{
    describe::View,
    resource::{Direction, Peer, SecurityGroup, SecurityGroupRule, Traffic},
};
use model::{RegionName, SecurityGroupId};

use super::super::{
    describe::{Identified, Listed},
    rule_input::protocol_name,
    tag,
};
use crate::query::{Subject, Xml};

/// A security group of the caller's.
pub(in crate::ec2) struct SecurityGroupView {
    group: Arc<SecurityGroup>,
    region: RegionName,
}

impl SecurityGroupView {
    /// The group as its owner sees it.
    pub(in crate::ec2) fn new(view: View<'_>, group: &Arc<SecurityGroup>) -> Self {
        Self { group: Arc::clone(group), region: view.settings().region.clone() }
    }

    /// Its name.
    pub(in crate::ec2) fn name(&self) -> &str {
        &self.group.name
    }

    /// Its ARN.
    pub(in crate::ec2) fn arn(&self) -> String {
        let SecurityGroup { owner, id, .. } = &*self.group;
        format!("arn:aws:ec2:{}:{owner}:security-group/{id}", self.region)
    }

    fn rules(&self, direction: Direction) -> impl Iterator<Item = &SecurityGroupRule> {
        self.group.rules.values().filter(move |rule| rule.traffic.direction == direction)
    }

    /// Values of `ip-permission.` and `egress.ip-permission.` filters.
    fn rule_values(&self, direction: Direction, member: &str) -> Vec<String> {
        let value = |rule: &SecurityGroupRule| {
            let Traffic { protocol, from_port, to_port, peer, direction: _ } = rule.traffic;
            match (member, peer) {
                ("cidr", Peer::Ipv4(cidr)) => Some(cidr.to_string()),
                ("ipv6-cidr", Peer::Ipv6(cidr)) => Some(cidr.to_string()),
                ("group-id", Peer::Group(id)) => Some(id.to_string()),
                ("protocol", _) => Some(protocol_name(protocol)),
                ("from-port", _) => Some(from_port.to_string()),
                ("to-port", _) => Some(to_port.to_string()),
                _ => None,
            }
        };
        self.rules(direction).filter_map(value).collect()
    }

    /// Rules of the same protocol and ports are one permission.
    fn write_permissions(&self, xml: &mut Xml, element: &str, direction: Direction) {
        let mut permissions: BTreeMap<_, Vec<&SecurityGroupRule>> = BTreeMap::new();
        for rule in self.rules(direction) {
            let Traffic { protocol, from_port, to_port, .. } = rule.traffic;
            permissions.entry((protocol, from_port, to_port)).or_default().push(rule);
        }
        xml.list(element, "item", permissions, |xml, ((protocol, from, to), rules)| {
            xml.text("ipProtocol", protocol_name(protocol));
            if (from, to) != (-1, -1) {
                xml.value("fromPort", from);
                xml.value("toPort", to);
            }
            self.write_peers(xml, &rules);
            xml.values("prefixListIds", "item", [""; 0]);
        });
    }

    fn write_peers(&self, xml: &mut Xml, rules: &[&SecurityGroupRule]) {
        let of = |pick: fn(Peer) -> Option<String>| {
            rules.iter().filter_map(move |rule| Some((pick(rule.traffic.peer)?, *rule)))
        };
        let groups = of(|peer| match peer {
            Peer::Group(id) => Some(id.to_string()),
            Peer::Ipv4(_) | Peer::Ipv6(_) => None,
        });
        xml.list("groups", "item", groups, |xml, (id, rule)| {
            xml.option("description", rule.description.as_ref());
            xml.value("userId", &self.group.owner);
            xml.text("groupId", id);
        });
        let ipv4 = of(|peer| match peer {
            Peer::Ipv4(cidr) => Some(cidr.to_string()),
            Peer::Group(_) | Peer::Ipv6(_) => None,
        });
        xml.list("ipRanges", "item", ipv4, |xml, (cidr, rule)| {
            xml.option("description", rule.description.as_ref());
            xml.text("cidrIp", cidr);
        });
        let ipv6 = of(|peer| match peer {
            Peer::Ipv6(cidr) => Some(cidr.to_string()),
            Peer::Group(_) | Peer::Ipv4(_) => None,
        });
        xml.list("ipv6Ranges", "item", ipv6, |xml, (cidr, rule)| {
            xml.option("description", rule.description.as_ref());
            xml.text("cidrIpv6", cidr);
        });
    }
}

impl Subject for SecurityGroupView {
    fn values(&self, filter: &str) -> Vec<String> {
        let group = &self.group;
        if let Some(member) = filter.strip_prefix("egress.ip-permission.") {
            return self.rule_values(Direction::Egress, member);
        }
        if let Some(member) = filter.strip_prefix("ip-permission.") {
            return self.rule_values(Direction::Ingress, member);
        }
        vec![match filter {
            "description" => group.description.clone(),
            "group-id" => group.id.to_string(),
            "group-name" => group.name.to_string(),
            "owner-id" => group.owner.to_string(),
            "vpc-id" => group.vpc.to_string(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        tag::pairs(&self.group.tags)
    }
}

impl Listed for SecurityGroupView {
    const FILTERS: &[&str] = &[
        "description",
        "egress.ip-permission.cidr",
        "egress.ip-permission.from-port",
        "egress.ip-permission.group-id",
        "egress.ip-permission.ipv6-cidr",
        "egress.ip-permission.protocol",
        "egress.ip-permission.to-port",
        "group-id",
        "group-name",
        "ip-permission.cidr",
        "ip-permission.from-port",
        "ip-permission.group-id",
        "ip-permission.ipv6-cidr",
        "ip-permission.protocol",
        "ip-permission.to-port",
        "owner-id",
        "tag-key",
        "vpc-id",
    ];
    const SET: &str = "securityGroupInfo";

    fn key(&self) -> String {
        self.group.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        view.security_groups().map(|group| Self::new(view, group)).collect()
    }

    fn write(&self, xml: &mut Xml) {
        let group = &self.group;
        xml.value("ownerId", &group.owner);
        xml.value("groupId", group.id);
        xml.value("groupName", &group.name);
        xml.text("groupDescription", &group.description);
        xml.value("vpcId", group.vpc);
        xml.text("securityGroupArn", self.arn());
        self.write_permissions(xml, "ipPermissions", Direction::Ingress);
        self.write_permissions(xml, "ipPermissionsEgress", Direction::Egress);
        tag::write(xml, &group.tags);
    }
}

impl Identified for SecurityGroupView {
    type Id = SecurityGroupId;
    const IDS: &str = "GroupId";

    fn find(view: View<'_>, id: SecurityGroupId) -> Option<Self> {
        view.security_group(id).ok().map(|group| Self::new(view, group))
    }
}

/// Writes `groupSet`: the groups that interfaces carry.
pub(in crate::ec2) fn write_set(xml: &mut Xml, groups: &[(SecurityGroupId, String)]) {
    xml.list("groupSet", "item", groups, |xml, (id, name)| {
        xml.value("groupId", id);
        xml.text("groupName", name);
    });
}

/// Groups with their names, as far as they still exist.
pub(in crate::ec2) fn named(
    view: View<'_>,
    ids: impl IntoIterator<Item = SecurityGroupId>,
) -> Vec<(SecurityGroupId, String)> {
    let named = ids.into_iter().filter_map(|id| view.security_group(id).ok());
    named.map(|group| (group.id, group.name.to_string())).collect()
}
