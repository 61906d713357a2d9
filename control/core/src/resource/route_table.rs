//! A route table. It is kept and shown for clients that expect one; nothing here routes by it.

use std::collections::BTreeMap;

use ipnet::IpNet;
use model::{AccountId, RouteTableAssociationId, RouteTableId, SubnetId, Timestamp, VpcId};
use serde::{Deserialize, Serialize};

use crate::tag::Tags;

/// A route table of a VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    /// Its id.
    pub id: RouteTableId,
    /// Whose it is.
    pub owner: AccountId,
    /// Its VPC, whose own addresses it routes in any case.
    pub vpc: VpcId,
    /// The association that makes it the VPC's main one, for all subnets without another.
    pub main: Option<RouteTableAssociationId>,
    /// Its routes besides the local one.
    pub routes: Vec<Route>,
    /// The subnets that use it.
    pub associations: BTreeMap<RouteTableAssociationId, SubnetId>,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl RouteTable {
    /// The route to a destination.
    pub fn route(&self, destination: IpNet) -> Option<&Route> {
        self.routes.iter().find(|route| route.destination == destination)
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Where to.
    pub destination: IpNet,
    /// Which way.
    pub kind: RouteTargetKind,
    /// The gateway's or interface's id as the caller wrote it; there are no gateways here that it
    /// could be compared with.
    pub target: String,
}

/// What a route leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteTargetKind {
    /// An internet or virtual private gateway.
    Gateway,
    /// A NAT gateway.
    NatGateway,
    /// An egress-only internet gateway.
    EgressOnlyInternetGateway,
    /// A transit gateway.
    TransitGateway,
    /// A VPC peering connection.
    VpcPeeringConnection,
    /// A network interface.
    NetworkInterface,
}
