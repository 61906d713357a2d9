//! VPCs as the planes see them: whose address is whose. Knows neither subnets nor routes.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::VpcId;

/// A tenant network. Networks may overlap: tenants choose their addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// Its id.
    pub id: VpcId,
    /// Its addresses, by which a client is known to be in it.
    pub cidrs: Vec<IpNet>,
}
