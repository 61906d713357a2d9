//! `Snapshot`: everything the planes need to serve, as one immutable value.
//!
//! Control makes it, `dataplane` and `dns` take it, and neither knows who made it: one read from a
//! file serves as well. Generations only grow; a plane that has taken generation *n* ignores every
//! snapshot of generation *n* or below. Unchanged parts are shared between generations, so a plane
//! may compare the `Arc`s by pointer to find what changed.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    Endpoint, Inbound, LoadBalancer, LoadBalancerId, RegionName, TargetGroup, TargetGroupId, Vpc,
    VpcEndpointId, VpcId,
};

/// The number of a configuration: the store's revision that it was made from.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Generation(pub u64);

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What is to be served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Grows with every change.
    pub generation: Generation,
    /// The Region, part of every name.
    pub region: RegionName,
    /// The tenant networks, by which DNS tells its clients.
    pub vpcs: BTreeMap<VpcId, Arc<Vpc>>,
    /// Endpoints that are pending or available.
    pub endpoints: BTreeMap<VpcEndpointId, Arc<Endpoint>>,
    /// The load balancers, whether or not an interface uses them yet.
    pub load_balancers: BTreeMap<LoadBalancerId, Arc<LoadBalancer>>,
    /// The target groups that those forward to; probed also before the first endpoint exists.
    pub target_groups: BTreeMap<TargetGroupId, Arc<TargetGroup>>,
    /// Who may open connections. Beside the endpoints, so that another rule is not another
    /// endpoint.
    #[serde(default, skip_serializing_if = "Inbound::is_empty")]
    pub inbound: Inbound,
}

impl Snapshot {
    /// The snapshot of nothing, generation 0, with which every plane starts.
    pub fn empty(region: RegionName) -> Self {
        Self {
            generation: Generation(0),
            region,
            vpcs: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            load_balancers: BTreeMap::new(),
            target_groups: BTreeMap::new(),
            inbound: Inbound::default(),
        }
    }
}
