//! Connection notifications: making, changing and removing them, and writing the messages that
//! follow from an event into the same transaction.

use std::{collections::BTreeSet, sync::Arc};

use model::NotificationId;

use super::{Decision, Desk};
use crate::{
    command::{CreateNotification, ModifyNotification},
    event::{Change, Event, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::{Key, Record},
    refusal::Refusal,
    registry::Registry,
    resource::{
        ConnectionEvent, ConnectionNotification, Message, MessageId, NotificationScope, ResourceId,
        ResourceKind, VpcEndpoint,
    },
    transition::Move,
};

/// Messages of an account that may wait. Beyond that the oldest is dropped: a receiver that is away
/// for so long cannot have been told in time anyway, and one tenant's must not crowd out others'.
pub(crate) const MESSAGES_PER_ACCOUNT_MAX: usize = 1000;

pub(super) fn create(
    desk: &mut Desk<'_>,
    create: &CreateNotification,
) -> Result<Decision, Refusal> {
    check_events(&create.events)?;
    let scope: ResourceId = match create.scope {
        NotificationScope::Service(id) => desk.view().service(id)?.id.into(),
        NotificationScope::Endpoint(id) => desk.view().endpoint(id)?.id.into(),
    };
    let present = desk.registry.referrers(scope, ResourceKind::Notification).count();
    desk.allows(Quota::NotificationsPerResource, present + 1)?;
    let notification = Arc::new(ConnectionNotification {
        id: desk
            .fresh(NotificationId::from_bits, |registry, id| registry.notification(id).is_some()),
        owner: desk.caller.account.clone(),
        scope: create.scope,
        topic: create.topic.clone(),
        events: create.events.clone(),
    });
    let kind = EventKind::NotificationCreated(notification.id);
    let event = desk.put(kind, Arc::clone(&notification));
    Ok(Decision::of(event, Outcome::Notification(notification)))
}

pub(super) fn modify(desk: &Desk<'_>, modify: &ModifyNotification) -> Result<Decision, Refusal> {
    let old = desk.view().notification(modify.notification)?;
    let mut new = ConnectionNotification::clone(old);
    if let Some(events) = &modify.events {
        check_events(events)?;
        new.events.clone_from(events);
    }
    if let Some(topic) = &modify.topic {
        new.topic.clone_from(topic);
    }
    if new == **old {
        return Ok(Decision::nothing(Outcome::Notification(Arc::clone(old))));
    }
    let new = Arc::new(new);
    let event = desk.put(EventKind::NotificationModified(new.id), Arc::clone(&new));
    Ok(Decision::of(event, Outcome::Notification(new)))
}

pub(super) fn delete(desk: &Desk<'_>, id: NotificationId) -> Result<Decision, Refusal> {
    let id = desk.view().notification(id)?.id;
    let changes = vec![Change::Remove(Key::Notification(id))];
    Ok(Decision::of(desk.event(EventKind::NotificationDeleted(id), changes), Outcome::Done))
}

fn check_events(events: &BTreeSet<ConnectionEvent>) -> Result<(), Refusal> {
    if events.is_empty() { Err(Refusal::ConnectionEventMissing) } else { Ok(()) }
}

/// Removals of the notifications about something that is going away.
pub(super) fn removals(
    registry: &Registry,
    scope: impl Into<ResourceId>,
) -> impl Iterator<Item = Change> {
    registry
        .notifications_about(scope)
        .map(|notification| Change::Remove(Key::Notification(notification.id)))
}

/// Adds to each event the messages that follow from it.
pub(super) fn tell(desk: &mut Desk<'_>, events: &mut [Event]) {
    for event in events {
        let Some(happened) = connection_event(event.kind) else { continue };
        let endpoint = event.changes.iter().find_map(|change| match change {
            Change::Put(Record::Endpoint(endpoint)) => Some(Arc::clone(endpoint)),
            Change::Put(_) | Change::Remove(_) => None,
        });
        if let Some(endpoint) = endpoint {
            event.changes.extend(messages(desk, happened, &endpoint));
        }
    }
}

/// What an event is to those who want to be told. What Postern does by itself is none of the four
/// (semantics 3.10).
fn connection_event(kind: EventKind) -> Option<ConnectionEvent> {
    match kind {
        EventKind::EndpointCreated { .. } => Some(ConnectionEvent::Connect),
        EventKind::EndpointMoved { on, .. } => match on {
            Move::Accept => Some(ConnectionEvent::Accept),
            Move::Reject => Some(ConnectionEvent::Reject),
            Move::Delete => Some(ConnectionEvent::Delete),
            Move::Expire
            | Move::Modify
            | Move::Bind
            | Move::BindPartly
            | Move::Fail
            | Move::Release => None,
        },
        _ => None,
    }
}

fn messages(desk: &mut Desk<'_>, event: ConnectionEvent, endpoint: &VpcEndpoint) -> Vec<Change> {
    let registry = desk.registry;
    let about_service = registry.notifications_about(endpoint.service);
    let about_endpoint = registry.notifications_about(endpoint.id);
    let wanted = about_service.chain(about_endpoint).filter(|it| it.events.contains(&event));
    let mut changes = Vec::new();
    for notification in wanted {
        let id = MessageId::new(desk.now, desk.draw.wide());
        let mut waiting = registry.messages_of(&notification.owner);
        let oldest = waiting.next();
        if let Some(oldest) = oldest.filter(|_| waiting.count() + 1 >= MESSAGES_PER_ACCOUNT_MAX) {
            changes.push(Change::Remove(Key::Message(oldest)));
        }
        changes.push(Change::Put(Record::from(Arc::new(Message {
            id,
            owner: notification.owner.clone(),
            notification: notification.id,
            topic: notification.topic.clone(),
            event,
            at: desk.now,
            service: endpoint.service,
            service_name: endpoint.service_name.clone(),
            endpoint: endpoint.id,
            endpoint_owner: endpoint.owner.clone(),
            state: endpoint.state,
            expires: desk.now + desk.settings().message_lifetime,
        }))));
    }
    changes
}
