//! A listener: one port of a load balancer and where its connections go.

use std::{num::NonZeroU16, time::Duration};

use model::{AccountId, ListenerId, LoadBalancerId, Protocol, Timestamp, WeightedTargetGroup};
use serde::{Deserialize, Serialize};

use crate::tag::Tags;

/// A listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The last part of its ARN.
    pub id: ListenerId,
    /// Whose it is.
    pub owner: AccountId,
    /// The load balancer that listens.
    pub load_balancer: LoadBalancerId,
    /// The port, unique at the load balancer.
    pub port: NonZeroU16,
    /// The protocol.
    pub protocol: Protocol,
    /// Where connections go, by weight.
    pub forward: Vec<WeightedTargetGroup>,
    /// `tcp.idle_timeout.seconds`: 60 to 6000.
    pub idle_timeout_s: u32,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// What `tcp.idle_timeout.seconds` may be.
pub const IDLE_TIMEOUT_S: std::ops::RangeInclusive<u32> = 60..=6000;
/// What it is unless changed.
pub const IDLE_TIMEOUT_S_DEFAULT: u32 = 350;
/// The greatest weight of a target group.
pub const WEIGHT_MAX: u16 = 999;

impl Listener {
    /// How long a connection may carry nothing.
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_s.into())
    }
}

/// One attribute with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListenerAttribute {
    /// `tcp.idle_timeout.seconds`.
    IdleTimeoutSeconds(u32),
}
