//! What Postern asks of itself: the data plane's reports, and what is due as time passes.

use std::sync::Arc;

use model::{BindFailure, BindFailureReason, EndpointState, ServiceId, Timestamp, VpcEndpointId};

use super::{notification, private_dns, upgrade, zonal_shift};
use crate::{
    event::{Change, Event, EventKind},
    record::{Key, Record},
    refusal::Refusal,
    registry::Registry,
    resource::{DomainOutcome, DomainToken, LastError, Message, MessageId, VpcEndpoint},
    settings::Settings,
    transition::{self, Move},
};

/// What Postern itself asks for; no caller can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chore {
    /// The data plane has all addresses of an endpoint that is pending, or lacked one.
    ReportBound(VpcEndpointId),
    /// The data plane cannot have all addresses of a pending endpoint.
    ReportBindFailed(VpcEndpointId, BindFailure),
    /// The data plane has let go of a deleting endpoint.
    ReportReleased(VpcEndpointId),
    /// A resolver has looked up the TXT record of a service's domain, or cannot.
    ReportDomainVerification {
        /// The service.
        service: ServiceId,
        /// The token that was looked for; a report about an old one is passed over.
        token: DomainToken,
        /// What it came to.
        outcome: DomainOutcome,
    },
    /// A message was sent, or will never be.
    RemoveMessage(MessageId),
    /// Postern has started: resources that an earlier version made get what it did not make yet.
    Upgrade {
        /// The bound on the VPCs seen to at once.
        vpcs_max: usize,
    },
    /// Time has passed: at most so many records whose time is over are seen to.
    Tick {
        /// The bound on this tick's work.
        records_max: usize,
    },
}

/// Decides what Postern itself asks for. What no longer fits is passed over: reports may be late.
pub fn decide_chore(registry: &Registry, chore: &Chore, now: Timestamp) -> Vec<Event> {
    match chore {
        Chore::ReportBound(endpoint) => {
            report(registry, *endpoint, Move::Bind, now, None).into_iter().collect()
        }
        Chore::ReportBindFailed(endpoint, failure) => {
            let error = Some(last_error(failure));
            let served = registry.endpoint(*endpoint).is_some_and(|it| it.was_available);
            let on = if served { Move::BindPartly } else { Move::Fail };
            report(registry, *endpoint, on, now, error).into_iter().collect()
        }
        Chore::ReportReleased(endpoint) => {
            report(registry, *endpoint, Move::Release, now, None).into_iter().collect()
        }
        Chore::ReportDomainVerification { service, token, outcome } => {
            private_dns::report(registry, *service, token, *outcome, now).into_iter().collect()
        }
        Chore::RemoveMessage(id) => {
            registry.message(*id).map(|message| without(message, now)).into_iter().collect()
        }
        Chore::Upgrade { vpcs_max } => upgrade::upgrade(registry, *vpcs_max, now),
        Chore::Tick { records_max } => registry
            .due(now)
            .take(*records_max)
            .filter_map(|key| over(registry, registry.record(key)?, now))
            .collect(),
    }
}

/// The endpoint after a move, if the move is legal. The one place where a state changes.
pub(super) fn moved(
    settings: &Settings,
    old: &VpcEndpoint,
    on: Move,
    now: Timestamp,
) -> Result<VpcEndpoint, Refusal> {
    let illegal = Refusal::IllegalMove { endpoint: old.id, state: old.state, on };
    let state = transition::after(old.state, on).ok_or(illegal)?;
    let deadline = match state {
        // The request is as old as it was.
        EndpointState::PendingAcceptance => old.deadline,
        EndpointState::Deleting => Some(now + settings.release_timeout),
        EndpointState::Deleted => Some(now + settings.deleted_listed),
        EndpointState::Pending
        | EndpointState::Available
        | EndpointState::Rejected
        | EndpointState::Expired
        | EndpointState::Failed => None,
    };
    let state_since = if state == old.state { old.state_since } else { now };
    let was_available = match on {
        Move::Modify => old.was_available || old.state == EndpointState::Available,
        _ => false,
    };
    Ok(VpcEndpoint { state, state_since, deadline, was_available, last_error: None, ..old.clone() })
}

fn report(
    registry: &Registry,
    endpoint: VpcEndpointId,
    on: Move,
    now: Timestamp,
    last_error: Option<LastError>,
) -> Option<Event> {
    let old =
        registry.endpoint(endpoint).filter(|it| it.awaits_data_plane() || on == Move::Expire)?;
    let new = moved(registry.settings(), old, on, now).ok()?;
    let kind = EventKind::EndpointMoved {
        endpoint,
        service: old.service,
        on,
        from: old.state,
        to: new.state,
    };
    let new = Arc::new(VpcEndpoint { last_error, ..new });
    Some(Event { at: now, by: None, kind, changes: vec![Change::Put(new.into())] })
}

/// What happens to a record whose time is over.
fn over(registry: &Registry, record: Record, now: Timestamp) -> Option<Event> {
    let remove = |kind, key| Event { at: now, by: None, kind, changes: vec![Change::Remove(key)] };
    match record {
        Record::Endpoint(endpoint) => match endpoint.state {
            EndpointState::PendingAcceptance => {
                report(registry, endpoint.id, Move::Expire, now, None)
            }
            EndpointState::Deleting => report(registry, endpoint.id, Move::Release, now, None),
            EndpointState::Deleted => {
                let kind = EventKind::EndpointForgotten(endpoint.id);
                let mut event = remove(kind, Key::Endpoint(endpoint.id));
                event.changes.extend(notification::removals(registry, endpoint.id));
                Some(event)
            }
            EndpointState::Pending
            | EndpointState::Available
            | EndpointState::Rejected
            | EndpointState::Expired
            | EndpointState::Failed => None,
        },
        Record::Target(target) => {
            let kind = EventKind::TargetRemoved(target.group, target.addr);
            Some(remove(kind, Key::Target(target.key())))
        }
        Record::ClientToken(token) => {
            Some(remove(EventKind::ClientTokenExpired, Key::ClientToken(token.key.clone())))
        }
        Record::Message(message) => Some(without(&message, now)),
        Record::LoadBalancer(balancer) => zonal_shift::expire(&balancer, now),
        // These end only by command; the index lists none of them as due.
        Record::Vpc(_)
        | Record::Subnet(_)
        | Record::Listener(_)
        | Record::TargetGroup(_)
        | Record::Service(_)
        | Record::Notification(_)
        | Record::Permission(_)
        | Record::RouteTable(_)
        | Record::SecurityGroup(_) => None,
    }
}

fn without(message: &Message, now: Timestamp) -> Event {
    let changes = vec![Change::Remove(Key::Message(message.id))];
    Event { at: now, by: None, kind: EventKind::MessageRemoved(message.id), changes }
}

fn last_error(failure: &BindFailure) -> LastError {
    let code = match failure.reason {
        BindFailureReason::AddressNotAvailable => "AddressNotAvailable",
        BindFailureReason::AddressInUse => "AddressInUse",
        BindFailureReason::PermissionDenied => "PermissionDenied",
        BindFailureReason::ResourcesExhausted => "ResourcesExhausted",
        BindFailureReason::Other(_) => "BindFailed",
    };
    LastError { code: code.into(), message: failure.to_string() }
}
