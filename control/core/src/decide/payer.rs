//! Who pays for endpoints: kept and shown, as nothing is charged here.
//!
//! An account can take charges upon itself, never put them on another: the provider those of its
//! service's endpoints, the consumer those of its own endpoints.

use std::sync::Arc;

use model::{ServiceId, VpcEndpointId};

use super::{Decision, Desk};
use crate::{
    event::EventKind,
    outcome::Outcome,
    refusal::Refusal,
    resource::{EndpointService, Payer, VpcEndpoint},
};

/// Has a service's owner pay for endpoints made from now on (EC2 API: "you cannot set it back").
pub(super) fn take(desk: &Desk<'_>, id: ServiceId) -> Result<Decision, Refusal> {
    let old = desk.view().service(id)?;
    if old.payer == Payer::ServiceOwner {
        return Ok(Decision::nothing(Outcome::Service(Arc::clone(old))));
    }
    let new = EndpointService { payer: Payer::ServiceOwner, ..EndpointService::clone(old) };
    let new = Arc::new(new);
    let event = desk.put(EventKind::ServiceModified(id), Arc::clone(&new));
    Ok(Decision::of(event, Outcome::Service(new)))
}

pub(super) fn modify(
    desk: &Desk<'_>,
    service: Option<ServiceId>,
    endpoint: VpcEndpointId,
    payer: Payer,
) -> Result<Decision, Refusal> {
    let (old, own) = match service {
        Some(service) => (desk.view().connection(service, endpoint)?.endpoint, Payer::ServiceOwner),
        None => (desk.view().endpoint(endpoint)?, Payer::EndpointOwner),
    };
    if payer != own {
        return Err(Refusal::PayerNotYours(payer));
    }
    if old.payer == Some(payer) {
        return Ok(Decision::nothing(Outcome::Endpoint(Arc::clone(old))));
    }
    let new = Arc::new(VpcEndpoint { payer: Some(payer), ..VpcEndpoint::clone(old) });
    let event = desk.put(EventKind::EndpointPayerChanged(endpoint), Arc::clone(&new));
    Ok(Decision::of(event, Outcome::Endpoint(new)))
}
