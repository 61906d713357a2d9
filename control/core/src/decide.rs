//! Decides commands: what follows from one, or why it is refused. Never mutates.

use model::{BindFailure, Timestamp, VpcEndpointId};

use crate::{
    caller::Caller, command::Command, draw::Draw, event::Event, outcome::Outcome, refusal::Refusal,
    registry::Registry,
};

/// What follows from a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What happens; nothing, if all was so already.
    pub events: Vec<Event>,
    /// What the caller is shown.
    pub outcome: Outcome,
}

/// What Postern itself asks for; no caller can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chore {
    /// The data plane has all addresses of a pending endpoint.
    ReportBound(VpcEndpointId),
    /// The data plane cannot have all addresses of a pending endpoint.
    ReportBindFailed(VpcEndpointId, BindFailure),
    /// The data plane has let go of a deleting endpoint.
    ReportReleased(VpcEndpointId),
    /// Time has passed: at most so many records whose time is over are seen to.
    Tick {
        /// The bound on this tick's work.
        records_max: usize,
    },
}

/// Decides a caller's command.
pub fn decide(
    _registry: &Registry,
    _caller: &Caller,
    _command: &Command,
    _draw: &mut dyn Draw,
    _now: Timestamp,
) -> Result<Decision, Refusal> {
    Ok(Decision { events: Vec::new(), outcome: Outcome::Done })
}

/// Decides what Postern itself asks for. What no longer fits is passed over: reports may be late.
pub fn decide_chore(_registry: &Registry, _chore: &Chore, _now: Timestamp) -> Vec<Event> {
    Vec::new()
}
