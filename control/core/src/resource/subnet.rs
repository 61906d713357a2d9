//! A subnet: a part of a VPC's addresses, in one zone.

use ipnet::Ipv4Net;
use model::{AccountId, SubnetId, Timestamp, VpcId, ZoneId};
use serde::{Deserialize, Serialize};

use crate::tag::Tags;

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// Its id.
    pub id: SubnetId,
    /// Whose it is.
    pub owner: AccountId,
    /// The VPC it is part of.
    pub vpc: VpcId,
    /// Its zone.
    pub zone: ZoneId,
    /// Its addresses, all of them in the VPC's range and in no other subnet's.
    pub cidr: Ipv4Net,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}
