//! A registered target. Does not know whether it is healthy.

use std::{fmt, str::FromStr};

use model::{Malformed, TargetAddr, TargetGroupId, Timestamp, ZoneId};
use serde::{Deserialize, Serialize};

/// A target: one address and port of one target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its group.
    pub group: TargetGroupId,
    /// Where it listens.
    pub addr: TargetAddr,
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

    /// Whether it was deregistered.
    pub fn is_draining(&self) -> bool {
        match self.state {
            TargetState::Draining { .. } => true,
            TargetState::Registered => false,
        }
    }
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
