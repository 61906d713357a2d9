//! Creates that a client may repeat: the same token with the same parameters has the same outcome,
//! however often it is sent (EC2 API, "Ensuring idempotency").

use std::sync::Arc;

use serde::Serialize;

use super::{Decision, Desk};
use crate::{
    command::{CreateEndpoint, CreateNotification, CreateRouteTable, CreateService},
    event::Change,
    outcome::Outcome,
    quota::Quota,
    refusal::Refusal,
    resource::{
        ClientToken, ClientTokenKey, CreateOperation, ResourceId,
        client_token::{Fingerprint, TOKEN_BYTES_MAX},
    },
};

/// A create that takes a client token. The token is not among the serialized parameters.
pub(super) trait Repeatable: Serialize {
    const OPERATION: CreateOperation;
    fn client_token(&self) -> Option<&Arc<str>>;
}

impl Repeatable for CreateService {
    const OPERATION: CreateOperation = CreateOperation::Service;

    fn client_token(&self) -> Option<&Arc<str>> {
        self.client_token.as_ref()
    }
}

impl Repeatable for CreateNotification {
    const OPERATION: CreateOperation = CreateOperation::Notification;

    fn client_token(&self) -> Option<&Arc<str>> {
        self.client_token.as_ref()
    }
}

impl Repeatable for CreateEndpoint {
    const OPERATION: CreateOperation = CreateOperation::Endpoint;

    fn client_token(&self) -> Option<&Arc<str>> {
        self.client_token.as_ref()
    }
}

impl Repeatable for CreateRouteTable {
    const OPERATION: CreateOperation = CreateOperation::RouteTable;

    fn client_token(&self) -> Option<&Arc<str>> {
        self.client_token.as_ref()
    }
}

/// Decides a create, once per token. What it made may be gone since; then the token means nothing
/// any more and the create happens anew.
pub(super) fn once<C: Repeatable>(
    desk: &mut Desk<'_>,
    create: &C,
    decide: fn(&mut Desk<'_>, &C) -> Result<Decision, Refusal>,
) -> Result<Decision, Refusal> {
    let Some(token) = create.client_token() else {
        return decide(desk, create);
    };
    check_token(token)?;
    let account = desk.caller.account.clone();
    let key = ClientTokenKey { account, operation: C::OPERATION, token: Arc::clone(token) };
    let fingerprint = Fingerprint::of(create);
    if let Some(outcome) = remembered(desk, &key, fingerprint)? {
        return Ok(Decision::nothing(outcome));
    }
    let remembered = desk.registry.client_tokens_of(&key.account).count();
    Quota::ClientTokensPerAccount.allows(remembered + 1)?;
    let mut decision = decide(desk, create)?;
    let made = made(&decision.outcome);
    if let (Some(event), Some(resource)) = (decision.events.first_mut(), made) {
        let expires = desk.now + desk.settings().client_token_lifetime;
        let token = ClientToken { key, fingerprint, resource, expires };
        event.changes.push(Change::Put(Arc::new(token).into()));
    }
    Ok(decision)
}

fn check_token(token: &str) -> Result<(), Refusal> {
    let plain = token.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    if plain && (1..=TOKEN_BYTES_MAX).contains(&token.len()) {
        Ok(())
    } else {
        Err(Refusal::ClientTokenMalformed)
    }
}

fn remembered(
    desk: &Desk<'_>,
    key: &ClientTokenKey,
    fingerprint: Fingerprint,
) -> Result<Option<Outcome>, Refusal> {
    let known = desk.registry.client_token(key).filter(|token| token.expires > desk.now);
    let Some(token) = known else {
        return Ok(None);
    };
    let outcome = match token.resource {
        ResourceId::Service(id) => {
            desk.registry.service(id).map(|it| Outcome::Service(Arc::clone(it)))
        }
        ResourceId::Endpoint(id) => {
            desk.registry.endpoint(id).map(|it| Outcome::Endpoint(Arc::clone(it)))
        }
        ResourceId::Notification(id) => {
            desk.registry.notification(id).map(|it| Outcome::Notification(Arc::clone(it)))
        }
        ResourceId::RouteTable(id) => {
            desk.registry.route_table(id).map(|it| Outcome::RouteTable(Arc::clone(it)))
        }
        ResourceId::Vpc(_)
        | ResourceId::Subnet(_)
        | ResourceId::LoadBalancer(_)
        | ResourceId::Listener(_)
        | ResourceId::TargetGroup(_)
        | ResourceId::Permission(_)
        | ResourceId::Interface(_)
        | ResourceId::SecurityGroup(_)
        | ResourceId::SecurityGroupRule(_) => None,
    };
    if outcome.is_some() && token.fingerprint != fingerprint {
        return Err(Refusal::ClientTokenMismatch { resource: token.resource });
    }
    Ok(outcome)
}

fn made(outcome: &Outcome) -> Option<ResourceId> {
    match outcome {
        Outcome::Service(service) => Some(service.id.into()),
        Outcome::Endpoint(endpoint) => Some(endpoint.id.into()),
        Outcome::Notification(notification) => Some(notification.id.into()),
        Outcome::RouteTable(table) => Some(table.id.into()),
        Outcome::Done
        | Outcome::Vpc(_)
        | Outcome::Subnet(_)
        | Outcome::LoadBalancer(_)
        | Outcome::Listener(_)
        | Outcome::TargetGroup(_)
        | Outcome::PermissionsAdded(_)
        | Outcome::SecurityGroup(_)
        | Outcome::RouteTableAssociated(_)
        | Outcome::VpcBlock { .. }
        | Outcome::SubnetBlock { .. }
        | Outcome::RulesAdded { .. }
        | Outcome::RulesRevoked { .. } => None,
    }
}
