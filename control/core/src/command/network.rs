//! Commands about VPCs and subnets.

use crate::settings::ZoneRef;
use crate::tag::Tags;
use ipnet::Ipv4Net;
use model::VpcId;
use serde::Serialize;

/// Parameters of [`crate::Command::CreateVpc`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateVpc {
    /// Its addresses; host bits are dropped, as AWS does.
    pub cidr: Ipv4Net,
    /// Its tags.
    pub tags: Tags,
}

/// Parameters of [`crate::Command::CreateSubnet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateSubnet {
    /// The VPC it is part of.
    pub vpc: VpcId,
    /// Its addresses; host bits are dropped, as AWS does.
    pub cidr: Ipv4Net,
    /// Its zone; none takes the first.
    pub zone: Option<ZoneRef>,
    /// Its tags.
    pub tags: Tags,
}
