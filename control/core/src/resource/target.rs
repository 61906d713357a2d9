//! A registered target. Does not know whether it is healthy.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use model::{AccountId, Malformed, TargetAddr, TargetGroupId, Timestamp, ZoneId};
use serde::{Deserialize, Serialize};

/// A target: one address and port of one target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its group.
    pub group: TargetGroupId,
    /// Where it listens.
    pub addr: TargetAddr,
    /// The name that the operator has given its address, if it was registered by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// Its zone; none means every zone (`all`).
    pub zone: Option<ZoneId>,
    /// Whether it still takes connections.
    pub state: TargetState,
    /// When it was first registered.
    pub created: Timestamp,
}

/// Whether a target still takes connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetState {
    /// It does.
    Registered,
    /// It was deregistered and keeps its connections until then.
    Draining {
        /// The end of the deregistration delay.
        until: Timestamp,
    },
}

impl Target {
    /// Its key.
    pub fn key(&self) -> TargetKey {
        TargetKey { group: self.group, addr: self.addr }
    }

    /// How callers name it.
    pub fn id(&self) -> TargetName {
        let address = || TargetName::Ip(self.addr.ip());
        self.name.clone().map_or_else(address, TargetName::Named)
    }

    /// Whether it was deregistered.
    pub fn is_draining(&self) -> bool {
        match self.state {
            TargetState::Draining { .. } => true,
            TargetState::Registered => false,
        }
    }
}

/// A target as a caller names it, but for the port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetName {
    /// By its address.
    Ip(IpAddr),
    /// By a name that the operator has given an address: an instance's id, or the ARN of a load
    /// balancer elsewhere.
    Named(Arc<str>),
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => fmt::Display::fmt(ip, f),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// What the operator says of an instance, or of a load balancer elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Where it is.
    pub address: IpAddr,
    /// Its zone, if it is in no subnet of a VPC here; none serves all zones.
    pub zone: Option<ZoneId>,
    /// The account that alone may register it; none is everybody.
    pub account: Option<AccountId>,
}

/// Which target: unique by group, address and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TargetKey {
    /// Its group.
    pub group: TargetGroupId,
    /// Where it listens.
    pub addr: TargetAddr,
}

impl fmt::Display for TargetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.group, self.addr)
    }
}

impl FromStr for TargetKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = Malformed { expected: "a target group and an address with port" };
        let (group, addr) = text.split_once('/').ok_or(malformed)?;
        let addr = TargetAddr(addr.parse().map_err(|_| malformed)?);
        Ok(Self { group: group.parse()?, addr })
    }
}
