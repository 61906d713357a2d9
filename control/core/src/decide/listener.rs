//! Listeners.

use std::{collections::BTreeSet, num::NonZeroU16, sync::Arc};

use model::{ListenerId, Protocol, WeightedTargetGroup};

use super::{Decision, Desk, listener_tls};
use crate::{
    command::{CreateListener, ModifyListener},
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::{Refusal, Setting},
    resource::{
        Listener, ListenerAttribute, LoadBalancer, TargetType,
        listener::{
            IDLE_TIMEOUT_S, IDLE_TIMEOUT_S_DEFAULT, WEIGHT_MAX, forwards_to, has_idle_timeout,
            share_transport,
        },
    },
};

pub(super) fn create(desk: &mut Desk<'_>, create: &CreateListener) -> Result<Decision, Refusal> {
    let load_balancer = desk.view().load_balancer(create.load_balancer)?;
    create.tags.check()?;
    check_forward(desk, load_balancer, create.protocol, &create.forward)?;
    let tls = listener_tls::changed(desk, create.protocol, None, &create.tls)?;
    if let Some(other) = on_port(desk, load_balancer, create.port, create.protocol).next() {
        let is_same = other.protocol == create.protocol
            && other.forward == create.forward
            && other.tls == tls;
        // ELBv2 API: "this operation is idempotent".
        return if is_same {
            Ok(Decision::nothing(Outcome::Listener(Arc::clone(other))))
        } else {
            Err(Refusal::PortTaken { port: create.port.get(), by: other.id })
        };
    }
    let present = desk.registry.listeners_of(load_balancer.id).count();
    desk.allows(Quota::ListenersPerLoadBalancer, present + 1)?;
    let listener = Arc::new(Listener {
        id: desk.fresh(ListenerId::from_bits, |registry, id| registry.listener(id).is_some()),
        owner: desk.caller.account.clone(),
        load_balancer: load_balancer.id,
        port: create.port,
        protocol: create.protocol,
        forward: create.forward.clone(),
        tls,
        idle_timeout_s: IDLE_TIMEOUT_S_DEFAULT,
        proxy_protocol_v2: None,
        created: desk.now,
        tags: create.tags.clone(),
    });
    let event = desk.put(EventKind::ListenerCreated(listener.id), Arc::clone(&listener));
    Ok(Decision::of(event, Outcome::Listener(listener)))
}

pub(super) fn modify(desk: &Desk<'_>, modify: &ModifyListener) -> Result<Decision, Refusal> {
    let old = desk.view().listener(modify.listener)?;
    let load_balancer = desk.view().load_balancer(old.load_balancer)?;
    let mut new = Listener::clone(old);
    new.port = modify.port.unwrap_or(old.port);
    new.protocol = modify.protocol.unwrap_or(old.protocol);
    if let Some(forward) = &modify.forward {
        new.forward.clone_from(forward);
    }
    check_forward(desk, load_balancer, new.protocol, &new.forward)?;
    new.tls = listener_tls::changed(desk, new.protocol, old.tls.as_ref(), &modify.tls)?;
    if !has_idle_timeout(new.protocol) {
        new.idle_timeout_s = IDLE_TIMEOUT_S_DEFAULT;
    }
    let mut others = on_port(desk, load_balancer, new.port, new.protocol);
    if let Some(other) = others.find(|it| it.id != old.id) {
        return Err(Refusal::PortTaken { port: new.port.get(), by: other.id });
    }
    Ok(replaced(desk, old, new))
}

pub(super) fn modify_attributes(
    desk: &Desk<'_>,
    id: ListenerId,
    attributes: &[ListenerAttribute],
) -> Result<Decision, Refusal> {
    let old = desk.view().listener(id)?;
    let mut new = Listener::clone(old);
    let service = desk.registry.service_of(old.load_balancer);
    let is_remote = service
        .and_then(|id| desk.registry.service(id))
        .is_some_and(|service| !service.other_regions.is_empty());
    for attribute in attributes {
        match attribute {
            ListenerAttribute::IdleTimeoutSeconds(seconds) => {
                let setting = Setting::IdleTimeoutSeconds;
                setting.check(*seconds, &IDLE_TIMEOUT_S)?;
                if !has_idle_timeout(old.protocol) && *seconds != IDLE_TIMEOUT_S_DEFAULT {
                    return Err(Refusal::Conflicting { setting, with: Setting::Protocol });
                }
                if is_remote && *seconds != IDLE_TIMEOUT_S_DEFAULT {
                    return Err(Refusal::RegionIdleTimeout(id));
                }
                new.idle_timeout_s = *seconds;
            }
            ListenerAttribute::ProxyProtocolV2(on) => new.proxy_protocol_v2 = *on,
        }
    }
    Ok(replaced(desk, old, new))
}

pub(super) fn delete(desk: &Desk<'_>, id: ListenerId) -> Result<Decision, Refusal> {
    desk.view().listener(id)?;
    let changes = vec![Change::Remove(Key::Listener(id))];
    Ok(Decision::of(desk.event(EventKind::ListenerDeleted(id), changes), Outcome::Done))
}

pub(super) fn replaced(desk: &Desk<'_>, old: &Arc<Listener>, new: Listener) -> Decision {
    if new == **old {
        return Decision::nothing(Outcome::Listener(Arc::clone(old)));
    }
    let new = Arc::new(new);
    let event = desk.put(EventKind::ListenerModified(new.id), Arc::clone(&new));
    Decision::of(event, Outcome::Listener(new))
}

/// The listeners that have a port for a transport that a protocol is over.
fn on_port<'a>(
    desk: &Desk<'a>,
    load_balancer: &LoadBalancer,
    port: NonZeroU16,
    protocol: Protocol,
) -> impl Iterator<Item = &'a Arc<Listener>> {
    let listeners = desk.registry.listeners_of(load_balancer.id);
    listeners.filter(move |it| it.port == port && share_transport(it.protocol, protocol))
}

fn check_forward(
    desk: &Desk<'_>,
    load_balancer: &LoadBalancer,
    protocol: Protocol,
    forward: &[WeightedTargetGroup],
) -> Result<(), Refusal> {
    if forward.is_empty() {
        return Err(Refusal::TargetGroupMissing);
    }
    Quota::TargetGroupsPerListener.allows(forward.len())?;
    let mut seen = BTreeSet::new();
    for WeightedTargetGroup { group, weight } in forward {
        let group = desk.view().target_group(*group)?;
        Setting::Weight.check((*weight).into(), &(0..=WEIGHT_MAX.into()))?;
        if !seen.insert(group.id) {
            return Err(Refusal::TargetGroupTwice(group.id));
        }
        let is_alb = group.target_type == TargetType::Alb;
        if !forwards_to(protocol, group.protocol) || (is_alb && protocol != Protocol::Tcp) {
            return Err(Refusal::TargetGroupProtocol(group.id));
        }
        if protocol == Protocol::Tls && group.attributes.stickiness {
            return Err(Refusal::TargetGroupSticky(group.id));
        }
        let (target_group, vpc) = (group.id, load_balancer.vpc);
        if group.vpc != vpc {
            return Err(Refusal::TargetGroupOutsideVpc { target_group, vpc });
        }
        let mut users = desk.registry.balancers_forwarding_to(target_group).into_iter();
        if let Some(by) = users.find(|by| *by != load_balancer.id) {
            return Err(Refusal::TargetGroupTaken { target_group, by });
        }
    }
    Ok(())
}
