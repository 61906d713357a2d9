//! VPCs as the planes see them: whose address is whose, and in which zone. Does not know routes.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{SubnetId, VpcId, ZoneId};

/// A tenant network. Networks may overlap: tenants choose their addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// Its id.
    pub id: VpcId,
    /// Its addresses, by which a client is known to be in it.
    pub cidrs: Vec<IpNet>,
    /// Its subnets, by which a client's zone is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subnets: BTreeMap<SubnetId, Subnet>,
}

impl Vpc {
    /// A network of these addresses, without subnets.
    pub fn new(id: VpcId, cidrs: Vec<IpNet>) -> Self {
        Self { id, cidrs, subnets: BTreeMap::new() }
    }
}

/// A part of a VPC's addresses, in one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// The zone.
    pub zone: ZoneId,
    /// The addresses; no two subnets of a VPC share any.
    pub cidrs: Vec<IpNet>,
}
