//! The decision: an explicit `Deny` wins, then any `Allow`, then nothing permits.

use crate::{
    document::{Document, Effect, Statement},
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
            && self.resources.is_met(|list| {
                list.iter().any(|resource| resource.matches(request.resource, context))
            })
            && self.conditions.iter().all(|condition| condition.is_met(context))
    }
}
