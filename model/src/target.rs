//! Load balancers, listeners, target groups and targets. Knows neither selection nor how health is
//! found. Defaults and ranges are the ELBv2 API's (semantics 1.3, 1.4, 1.6).

use std::{collections::BTreeSet, num::NonZeroU16, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{ListenerId, LoadBalancerId, TargetAddr, TargetGroupId, ZoneId};

/// A Network Load Balancer, the front of an endpoint service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// The last part of its ARN.
    pub id: LoadBalancerId,
    /// The zones it is enabled in.
    pub zones: BTreeSet<ZoneId>,
    /// Whether a zone's clients are spread over the targets of all zones.
    pub cross_zone: bool,
    /// How strongly DNS answers keep a client in its own zone.
    #[serde(default, skip_serializing_if = "ClientRoutingPolicy::is_any_zone")]
    pub client_routing_policy: ClientRoutingPolicy,
    /// What it listens on; no two share a port and protocol.
    pub listeners: Vec<Listener>,
}

/// How strongly DNS answers keep a client in its own zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientRoutingPolicy {
    /// `any_availability_zone`: not at all.
    #[default]
    AnyZone,
    /// `partial_availability_zone_affinity`: 85 %.
    PartialAffinity,
    /// `availability_zone_affinity`: always.
    Affinity,
}

impl ClientRoutingPolicy {
    /// Whether a client's own zone counts for nothing.
    pub fn is_any_zone(&self) -> bool {
        *self == Self::AnyZone
    }

    /// In how many of 100 answers to a client only its own zone is given.
    pub fn own_zone_percent(self) -> u32 {
        match self {
            Self::AnyZone => 0,
            Self::PartialAffinity => 85,
            Self::Affinity => 100,
        }
    }
}

/// One port of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The last part of its ARN.
    pub id: ListenerId,
    /// The port that clients dial.
    pub port: NonZeroU16,
    /// The protocol.
    pub protocol: Protocol,
    /// How long a connection may carry nothing.
    pub idle_timeout: Duration,
    /// Where connections go, by weight.
    pub forward: Vec<WeightedTargetGroup>,
}

/// What a listener or a target group speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Protocol {
    /// Transmission Control Protocol.
    Tcp,
}

/// One target group of a listener's forward action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightedTargetGroup {
    /// The target group.
    pub group: TargetGroupId,
    /// 0 to 999; the share is weight / sum of weights.
    pub weight: u16,
}

/// A set of targets with one way of checking and addressing them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// The last part of its ARN.
    pub id: TargetGroupId,
    /// What the targets speak.
    pub protocol: Protocol,
    /// Whether connections start with a PROXY protocol version 2 header.
    pub proxy_protocol_v2: bool,
    /// Its own cross-zone setting; none means the load balancer's.
    pub cross_zone: Option<bool>,
    /// Whether connections to a target that turns unhealthy are reset.
    pub unhealthy_connection_termination: bool,
    /// Whether connections to a deregistered target are reset once its delay is over.
    pub deregistration_connection_termination: bool,
    /// How targets are checked.
    pub health_check: HealthCheck,
    /// The targets, unique by address and port.
    pub targets: Vec<Target>,
}

impl TargetGroup {
    /// Whether targets of all zones serve every zone of this load balancer.
    pub fn is_cross_zone(&self, load_balancer: &LoadBalancer) -> bool {
        self.cross_zone.unwrap_or(load_balancer.cross_zone)
    }
}

/// One registered target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Where it listens.
    pub addr: TargetAddr,
    /// Its zone; none means every zone (`AvailabilityZone=all`, or outside the VPC).
    pub zone: Option<ZoneId>,
    /// Whether it was deregistered and only keeps its connections until its delay is over.
    pub draining: bool,
}

impl Target {
    /// Whether it serves clients of the zone, when zones keep to themselves.
    pub fn serves(&self, zone: &ZoneId) -> bool {
        self.zone.as_ref().is_none_or(|own| own == zone)
    }
}

/// How the targets of a group are probed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The port probed; none means the target's own.
    pub port: Option<NonZeroU16>,
    /// From one probe's start to the next: 5 to 300 s.
    pub interval: Duration,
    /// How long a probe may take: 2 to 120 s.
    pub timeout: Duration,
    /// Successes in a row that end `Unhealthy`: 2 to 10.
    pub healthy_threshold: u8,
    /// Failures in a row that end `Healthy`: 2 to 10.
    pub unhealthy_threshold: u8,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            port: None,
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
            healthy_threshold: 5,
            unhealthy_threshold: 2,
        }
    }
}
