//! Whether a caller may do what it asks, decided before anything is read or changed.
//!
//! The account itself may do everything within it. A user or a role may do what its identity
//! policies permit: nothing is permitted by default, and an explicit `Deny` wins. An operation is
//! permitted if it is on every one of the resources that [`table`] says it touches. Relies on `iam`
//! for the policy language. Does not know what belongs to whom: what a caller is permitted to touch
//! may still not exist for it.

mod assumption;
mod check;
mod context;
mod denial;
mod table;
mod tags;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use control_core::{Caller, Identity};
use iam::{Decision, Request, evaluate};
use model::Timestamp;

use crate::{
    api::Call,
    config::{Account, Policy, Role},
    http::Arrival,
    query::Fault,
};
pub(crate) use assumption::Assumption;
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
        for check in checks {
            let context = check.context(common.clone());
            let (action, resource) = (&*check.action, &*check.resource);
            let request = Request { caller: &caller, action, resource, context: &context };
            let decision = self.decide(call.caller(), &request);
            if decision != Decision::Allow {
                return Err(denial::fault(call, &check, decision));
            }
        }
        Ok(())
    }

    /// What the identity policies of a user or a role say. One that the configuration does not have
    /// has none.
    fn decide(&self, caller: &Caller, request: &Request<'_>) -> Decision {
        let policies = self.policies.get(caller).map(Vec::as_slice).unwrap_or_default();
        evaluate(policies.iter().map(Arc::as_ref), request)
    }
}
