//! An endpoint's states and the legal moves between them, one row per move (guide: "Endpoint
//! states"; what the guide leaves open is decided in the rows' comments). Does not know who moves.

use model::EndpointState;
use serde::Serialize;

/// What can happen to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Move {
    /// The provider says yes.
    Accept,
    /// The provider says no, or says no after all.
    Reject,
    /// Nobody answered in time.
    Expire,
    /// The consumer changes its subnets or addresses.
    Modify,
    /// The data plane has all addresses.
    Bind,
    /// The data plane lacks an address that a change brought; the endpoint served before, and goes
    /// on with what it has.
    BindPartly,
    /// The data plane cannot have all addresses.
    Fail,
    /// The consumer wants it gone.
    Delete,
    /// The data plane has let go.
    Release,
}

impl Move {
    /// All moves.
    pub const ALL: [Self; 9] = [
        Self::Accept,
        Self::Reject,
        Self::Expire,
        Self::Modify,
        Self::Bind,
        Self::BindPartly,
        Self::Fail,
        Self::Delete,
        Self::Release,
    ];
}

/// Where a move leads, if it is legal.
pub const fn after(from: EndpointState, on: Move) -> Option<EndpointState> {
    match from {
        EndpointState::PendingAcceptance => match on {
            Move::Accept => Some(EndpointState::Pending),
            Move::Reject => Some(EndpointState::Rejected),
            Move::Expire => Some(EndpointState::Expired),
            // Nothing is bound yet, so nothing has to be bound again.
            Move::Modify => Some(EndpointState::PendingAcceptance),
            Move::Delete => Some(EndpointState::Deleting),
            Move::Bind | Move::BindPartly | Move::Fail | Move::Release => None,
        },
        EndpointState::Pending => match on {
            Move::Bind | Move::BindPartly => Some(EndpointState::Available),
            Move::Fail => Some(EndpointState::Failed),
            Move::Reject => Some(EndpointState::Rejected),
            Move::Modify => Some(EndpointState::Pending),
            Move::Delete => Some(EndpointState::Deleting),
            Move::Accept | Move::Expire | Move::Release => None,
        },
        EndpointState::Available => match on {
            Move::Reject => Some(EndpointState::Rejected),
            Move::Modify => Some(EndpointState::Pending),
            Move::Delete => Some(EndpointState::Deleting),
            // What was lacking is there after all.
            Move::Bind => Some(EndpointState::Available),
            Move::Accept | Move::Expire | Move::BindPartly | Move::Fail | Move::Release => None,
        },
        EndpointState::Rejected => match on {
            // The guide is silent; without it a mistaken reject could only be cured by the
            // consumer.
            Move::Accept => Some(EndpointState::Pending),
            Move::Delete => Some(EndpointState::Deleting),
            Move::Reject
            | Move::Expire
            | Move::Modify
            | Move::Bind
            | Move::BindPartly
            | Move::Fail
            | Move::Release => None,
        },
        EndpointState::Expired | EndpointState::Failed => match on {
            Move::Delete => Some(EndpointState::Deleting),
            Move::Accept
            | Move::Reject
            | Move::Expire
            | Move::Modify
            | Move::Bind
            | Move::BindPartly
            | Move::Fail
            | Move::Release => None,
        },
        EndpointState::Deleting => match on {
            Move::Release => Some(EndpointState::Deleted),
            Move::Accept
            | Move::Reject
            | Move::Expire
            | Move::Modify
            | Move::Bind
            | Move::BindPartly
            | Move::Fail
            | Move::Delete => None,
        },
        // Listed for a while, then forgotten; nothing happens to it any more.
        EndpointState::Deleted => None,
    }
}

/// Whether an endpoint in this state is in the snapshot: bound, served and in DNS.
pub const fn is_served(state: EndpointState) -> bool {
    match state {
        EndpointState::Pending | EndpointState::Available => true,
        EndpointState::PendingAcceptance
        | EndpointState::Rejected
        | EndpointState::Expired
        | EndpointState::Failed
        | EndpointState::Deleting
        | EndpointState::Deleted => false,
    }
}

/// Whether a service with an endpoint in this state cannot be deleted, nor lose the endpoint's load
/// balancer.
pub const fn holds_service(state: EndpointState) -> bool {
    match state {
        EndpointState::PendingAcceptance | EndpointState::Pending | EndpointState::Available => {
            true
        }
        EndpointState::Rejected
        | EndpointState::Expired
        | EndpointState::Failed
        | EndpointState::Deleting
        | EndpointState::Deleted => false,
    }
}

/// Whether the state ends at the endpoint's deadline: the request expires, the deletion waits no
/// longer, the deleted endpoint is forgotten.
pub const fn ends_by_itself(state: EndpointState) -> bool {
    match state {
        EndpointState::PendingAcceptance | EndpointState::Deleting | EndpointState::Deleted => true,
        EndpointState::Pending
        | EndpointState::Available
        | EndpointState::Rejected
        | EndpointState::Expired
        | EndpointState::Failed => false,
    }
}

/// Whether an endpoint in this state always waits for a report of the data plane.
pub const fn awaits_data_plane(state: EndpointState) -> bool {
    match state {
        EndpointState::Pending | EndpointState::Deleting => true,
        EndpointState::PendingAcceptance
        | EndpointState::Available
        | EndpointState::Rejected
        | EndpointState::Expired
        | EndpointState::Failed
        | EndpointState::Deleted => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: [EndpointState; 8] = [
        EndpointState::PendingAcceptance,
        EndpointState::Pending,
        EndpointState::Available,
        EndpointState::Rejected,
        EndpointState::Expired,
        EndpointState::Failed,
        EndpointState::Deleting,
        EndpointState::Deleted,
    ];

    #[test]
    fn these_moves_and_no_others_are_legal() {
        use EndpointState as S;
        let legal = [
            (S::PendingAcceptance, Move::Accept, S::Pending),
            (S::PendingAcceptance, Move::Reject, S::Rejected),
            (S::PendingAcceptance, Move::Expire, S::Expired),
            (S::PendingAcceptance, Move::Modify, S::PendingAcceptance),
            (S::PendingAcceptance, Move::Delete, S::Deleting),
            (S::Pending, Move::Bind, S::Available),
            (S::Pending, Move::BindPartly, S::Available),
            (S::Pending, Move::Fail, S::Failed),
            (S::Pending, Move::Reject, S::Rejected),
            (S::Pending, Move::Modify, S::Pending),
            (S::Pending, Move::Delete, S::Deleting),
            (S::Available, Move::Bind, S::Available),
            (S::Available, Move::Reject, S::Rejected),
            (S::Available, Move::Modify, S::Pending),
            (S::Available, Move::Delete, S::Deleting),
            (S::Rejected, Move::Accept, S::Pending),
            (S::Rejected, Move::Delete, S::Deleting),
            (S::Expired, Move::Delete, S::Deleting),
            (S::Failed, Move::Delete, S::Deleting),
            (S::Deleting, Move::Release, S::Deleted),
        ];
        for from in STATES {
            for on in Move::ALL {
                let row = legal.iter().find(|row| (row.0, row.1) == (from, on));
                assert_eq!(after(from, on), row.map(|row| row.2), "{from} {on:?}");
            }
        }
    }
}
