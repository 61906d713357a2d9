//! A security group: which traffic may reach, and leave, the interfaces that carry it. Does not
//! know who enforces it.

use std::{collections::BTreeMap, sync::Arc};

use ipnet::{Ipv4Net, Ipv6Net};
use model::{AccountId, SecurityGroupId, SecurityGroupRuleId, Timestamp, VpcId};
use serde::{Deserialize, Serialize};

use crate::tag::Tags;

/// The name of the group that every VPC is made with.
pub const DEFAULT_NAME: &str = "default";

/// A security group of a VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Whose it is.
    pub owner: AccountId,
    /// The VPC that its interfaces are in.
    pub vpc: VpcId,
    /// Its name, unique in the VPC.
    pub name: Arc<str>,
    /// What it is for.
    pub description: String,
    /// Its rules.
    pub rules: BTreeMap<SecurityGroupRuleId, SecurityGroupRule>,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl SecurityGroup {
    /// Whether it came with its VPC, and goes with it.
    pub fn is_default(&self) -> bool {
        &*self.name == DEFAULT_NAME
    }

    /// The other groups that its rules name.
    pub fn referenced(&self) -> impl Iterator<Item = SecurityGroupId> {
        let named = self.rules.values().filter_map(|rule| match rule.traffic.peer {
            Peer::Group(id) => Some(id),
            Peer::Ipv4(_) | Peer::Ipv6(_) => None,
        });
        named.filter(|id| *id != self.id)
    }
}

/// A rule of a security group: what it allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupRule {
    /// The traffic.
    pub traffic: Traffic,
    /// What the rule is for.
    pub description: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// What a rule allows; two rules of a group never allow the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Traffic {
    /// Which way.
    pub direction: Direction,
    /// Of which protocol.
    pub protocol: IpProtocol,
    /// The first port, or the ICMP type; -1 for all of either.
    pub from_port: i32,
    /// The last port, or the ICMP code; -1 for all of either.
    pub to_port: i32,
    /// From or to whom.
    pub peer: Peer,
}

/// Which way traffic goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To the interface.
    Ingress,
    /// From the interface.
    Egress,
}

/// The protocol of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IpProtocol {
    /// Every protocol: `-1`.
    All,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP.
    Icmp,
    /// ICMP for IPv6.
    Icmpv6,
    /// Any other, by its number.
    Other(u8),
}

/// The other end of a rule's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// Addresses.
    Ipv4(Ipv4Net),
    /// Addresses.
    Ipv6(Ipv6Net),
    /// The interfaces that carry a group.
    Group(SecurityGroupId),
}

impl Traffic {
    /// Everything, one way, from or to one peer.
    pub fn all(direction: Direction, peer: Peer) -> Self {
        Self { direction, protocol: IpProtocol::All, from_port: -1, to_port: -1, peer }
    }

    /// Whether the ports go with the protocol.
    pub(crate) fn has_legal_ports(&self) -> bool {
        let (from, to) = (self.from_port, self.to_port);
        match self.protocol {
            IpProtocol::Tcp | IpProtocol::Udp => {
                (0..=65_535).contains(&from) && (from..=65_535).contains(&to)
            }
            IpProtocol::Icmp | IpProtocol::Icmpv6 => {
                (-1..=255).contains(&from) && (-1..=255).contains(&to)
            }
            IpProtocol::All | IpProtocol::Other(_) => from == -1 && to == -1,
        }
    }
}
