//! Connections, as the provider: accepting and rejecting.

use model::{ServiceId, VpcEndpointId};

use super::{Decision, Desk, chore::moved, endpoint::put_moved, interface::load_balancer};
use crate::{refusal::Refusal, resource::VpcEndpoint, transition::Move};

pub(super) fn accept(
    desk: &mut Desk<'_>,
    service: ServiceId,
    endpoint: VpcEndpointId,
) -> Result<Decision, Refusal> {
    let connection = desk.view().connection(service, endpoint)?;
    let old = connection.endpoint;
    let mut new: VpcEndpoint = moved(desk.settings(), old, Move::Accept, desk.now)?;
    // While an endpoint is rejected, its load balancer may leave the service.
    for interface in &mut new.interfaces {
        if !connection.service.load_balancers.contains_key(&interface.load_balancer) {
            let (subnet, zone) = (interface.subnet, &interface.zone);
            interface.load_balancer = load_balancer(desk, connection.service, subnet, zone)?;
        }
    }
    Ok(put_moved(desk, old, new, Move::Accept))
}

pub(super) fn reject(
    desk: &Desk<'_>,
    service: ServiceId,
    endpoint: VpcEndpointId,
) -> Result<Decision, Refusal> {
    let old = desk.view().connection(service, endpoint)?.endpoint;
    let new = moved(desk.settings(), old, Move::Reject, desk.now)?;
    Ok(put_moved(desk, old, new, Move::Reject))
}
