//! The decision: an explicit `Deny` wins, then any `Allow`, then nothing permits.

use crate::{
    document::{Document, Effect, Matcher, Statement},
    request::Request,
};

/// What a set of policies says about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement permits it and none forbids it.
    Allow,
    /// A statement forbids it.
    ExplicitDeny,
    /// No statement speaks about it.
    ImplicitDeny,
}

/// Evaluates a request against all of the documents together, in any order.
pub fn evaluate<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    request: &Request<'_>,
) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    for statement in documents.into_iter().flat_map(|document| &document.statements) {
        if !statement.applies(request) {
            continue;
        }
        match statement.effect {
            Effect::Deny => return Decision::ExplicitDeny,
            Effect::Allow => decision = Decision::Allow,
        }
    }
    decision
}

/// Whether a resource policy permits the request to the caller itself, and not only to its account:
/// what is permitted to an account is the account's to pass on by identity policies (IAM guide,
/// "Policy evaluation logic").
pub fn admits_by_name(document: &Document, request: &Request<'_>) -> bool {
    let names = |statement: &&Statement| {
        statement.effect == Effect::Allow
            && matches!(&statement.principals, Some(Matcher::In(list)) if list.name(request.caller))
    };
    document.statements.iter().filter(names).any(|statement| statement.applies(request))
}

impl Statement {
    /// Whether the statement speaks about the request.
    pub fn applies(&self, request: &Request<'_>) -> bool {
        let context = request.context;
        let principal = self
            .principals
            .as_ref()
            .is_none_or(|matcher| matcher.is_met(|list| list.include(request.caller)));
        principal
            && self.actions.is_met(|list| {
                list.iter().any(|action| action.matches_ignoring_case(request.action, context))
            })
            && self.resources.as_ref().is_none_or(|matcher| {
                matcher.is_met(|list| {
                    list.iter().any(|resource| resource.matches(request.resource, context))
                })
            })
            && self.conditions.iter().all(|condition| condition.is_met(context))
    }
}
