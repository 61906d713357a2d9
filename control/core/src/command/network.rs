//! Commands about VPCs and subnets.

use crate::settings::ZoneRef;
use crate::tag::Tags;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::VpcId;
use serde::Serialize;

/// Parameters of [`crate::Command::CreateVpc`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateVpc {
    /// Its addresses; host bits are dropped, as AWS does.
    pub cidr: Ipv4Net,
    /// Its IPv6 addresses, if it is to have any from the beginning.
    pub ipv6: Option<NewBlock>,
    /// Its tags.
    pub tags: Tags,
}

/// An address block that a VPC is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewBlock {
    /// IPv6 addresses of the operator's pool (`AmazonProvidedIpv6CidrBlock`).
    Drawn,
    /// These; host bits are dropped.
    Named(IpNet),
}

/// Parameters of [`crate::Command::CreateSubnet`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateSubnet {
    /// The VPC it is part of.
    pub vpc: VpcId,
    /// Its IPv4 addresses; host bits are dropped, as AWS does. None for an IPv6-only one.
    pub cidr: Option<Ipv4Net>,
    /// Its IPv6 addresses.
    pub ipv6: Option<Ipv6Net>,
    /// Its zone; none takes the first.
    pub zone: Option<ZoneRef>,
    /// Its tags.
    pub tags: Tags,
}
