//! A VPC: one tenant network with its address blocks.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};
use model::{AccountId, Timestamp, VpcCidrAssociationId, VpcId};
use serde::{Deserialize, Serialize};

use crate::tag::Tags;

/// A VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// Its id.
    pub id: VpcId,
    /// Whose it is.
    pub owner: AccountId,
    /// Its first addresses, which it always has.
    pub cidr: Ipv4Net,
    /// Its further blocks, by their associations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub further: BTreeMap<VpcCidrAssociationId, VpcBlock>,
    /// Whether its clients may ask Postern's DNS (`enableDnsSupport`).
    #[serde(default = "on")]
    pub dns_support: bool,
    /// Whether its hosts have public names (`enableDnsHostnames`); private DNS names of endpoints
    /// need it.
    #[serde(default)]
    pub dns_hostnames: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl Vpc {
    /// Whether endpoints in it may have private DNS names (guide: "Private DNS": both attributes).
    pub fn takes_private_dns(&self) -> bool {
        self.dns_support && self.dns_hostnames
    }

    /// Its address blocks, the first one first.
    pub fn blocks(&self) -> impl Iterator<Item = IpNet> + '_ {
        std::iter::once(self.cidr.into()).chain(self.further.values().map(|it| it.block))
    }

    /// The association of its first block, which bears the VPC's number.
    pub fn first_association(&self) -> VpcCidrAssociationId {
        let number = self.id.to_string().split_off(VpcId::PREFIX.len());
        let prefix = VpcCidrAssociationId::PREFIX;
        format!("{prefix}{number}").parse().expect("both have the same digits")
    }
}

/// A further address block of a VPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcBlock {
    /// The addresses.
    pub block: IpNet,
    /// Whether they were drawn from the operator's pool; otherwise the caller named them.
    pub is_drawn: bool,
}

/// What DNS support is unless it was changed.
const fn on() -> bool {
    true
}

/// An attribute of a VPC and what it is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VpcAttribute {
    /// `enableDnsSupport`.
    DnsSupport(bool),
    /// `enableDnsHostnames`.
    DnsHostnames(bool),
}
