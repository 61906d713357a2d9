//! A VPC: one tenant network with its address range.

use ipnet::Ipv4Net;
use model::{AccountId, Timestamp, VpcId};
use serde::{Deserialize, Serialize};

use crate::tag::Tags;

/// A VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// Its id.
    pub id: VpcId,
    /// Whose it is.
    pub owner: AccountId,
    /// Its addresses.
    pub cidr: Ipv4Net,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}
