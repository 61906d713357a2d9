//! Whether a caller may do what it asks, decided before anything is read or changed.
//!
//! The account itself may do everything within it. A user or a role may do what its identity
//! policies permit: nothing is permitted by default, and an explicit `Deny` wins; a session with a
//! policy of its own, no more than that permits as well. An operation is
//! permitted if it is on every one of the resources that [`table`] says it touches. Relies on `iam`
//! for the policy language. Does not know what belongs to whom: what a caller is permitted to touch
//! may still not exist for it.

mod assumption;
mod check;
mod context;
mod denial;
mod permissions;
mod table;
mod tags;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use control_core::{Caller, Identity};
use iam::Request;
use model::Timestamp;

use crate::{
    api::Call,
    config::{Account, Policy, Role},
    http::Arrival,
    query::Fault,
    signature,
};
pub(crate) use assumption::Assumption;
use permissions::Permissions;
use table::Needs;

/// What around a request counts, besides the request itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    /// Where it came from, and how.
    pub(crate) arrival: Arrival,
    /// When.
    pub(crate) now: Timestamp,
}

/// The identity policies of all users and roles, and the roles with whom they trust.
#[derive(Debug)]
pub(crate) struct Authorizer {
    policies: HashMap<Caller, Vec<Arc<Policy>>>,
    roles: HashMap<Caller, Role>,
}

impl Authorizer {
    /// Takes the policies of these accounts.
    pub(crate) fn new(accounts: &[Account]) -> Self {
        let (mut policies, mut roles) = (HashMap::new(), HashMap::new());
        for account in accounts {
            let caller = |identity| Caller { account: account.id.clone(), identity };
            for user in &account.users {
                policies.insert(caller(Identity::User(user.name.clone())), user.policies.clone());
            }
            for role in &account.roles {
                let caller = caller(Identity::Role(role.name.clone()));
                policies.insert(caller.clone(), role.policies.clone());
                roles.insert(caller, role.clone());
            }
        }
        Self { policies, roles }
    }

    /// Refuses a call that its caller may not make. What is no operation is let through: it is
    /// refused as such.
    pub(crate) fn authorize(&self, call: &Call<'_>) -> Result<(), Fault> {
        let is_operation = call.service().operations().contains(&call.action());
        if call.caller().identity == Identity::Root || !is_operation {
            return Ok(());
        }
        let checks = match table::needs(call.service(), call.action()) {
            Some(Needs::Nothing) => return Ok(()),
            Some(Needs::Permission(touches)) => check::of(call, touches)?,
            // A test keeps the table whole; should it fail, nobody gets in.
            None => check::of(call, &[])?,
        };
        let caller = call.identity().policy_caller();
        let common = context::common(call);
        let permissions = self.permissions(call.identity());
        for check in checks {
            let context = check.context(common.clone());
            let (action, resource) = (&*check.action, &*check.resource);
            let request = Request { caller: &caller, action, resource, context: &context };
            permissions.permit(&request).map_err(|denial| denial::fault(call, &check, denial))?;
        }
        Ok(())
    }

    /// What a caller is permitted in all. One that the configuration does not have is permitted
    /// nothing.
    fn permissions(&self, identity: &signature::Identity) -> Permissions<'_> {
        let policies = self.policies.get(&identity.caller).map(Vec::as_slice).unwrap_or_default();
        let text = identity.session.as_ref().and_then(|session| session.policy.as_deref());
        Permissions::new(policies, text)
    }
}
