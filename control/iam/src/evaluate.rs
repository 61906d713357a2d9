//! The decision: an explicit `Deny` wins, then any `Allow`, then nothing permits.

use crate::{
    document::{Document, Effect, Matcher, Statement},
    pattern::Pattern,
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

/// The longest text of a request that is looked at: twice what an ARN may have, the longest of what
/// policies are about. It bounds what a request can cost together with a policy.
pub const TEXT_BYTES_MAX: usize = 4096;

/// Evaluates a request against all of the documents together, in any order. A request with a text
/// longer than [`TEXT_BYTES_MAX`] is permitted by none.
pub fn evaluate<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    request: &Request<'_>,
) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    if !is_bounded(request) {
        return decision;
    }
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

fn is_bounded(request: &Request<'_>) -> bool {
    let fits = |text: &str| text.len() <= TEXT_BYTES_MAX;
    fits(request.action) && fits(request.resource) && request.context.texts().all(fits)
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
        let principal = self.principals.as_ref().is_none_or(|matcher| match matcher {
            Matcher::In(list) => list.include(request.caller),
            Matcher::NotIn(list) => !list.except(request.caller),
        });
        principal
            && self.actions.is_met(|list| {
                list.iter().any(|action| action.matches_ignoring_case(request.action, context))
            })
            && self.resources.as_ref().is_none_or(|resources| self.reaches(resources, request))
            && self.conditions.iter().all(|condition| condition.is_met(context, self.effect))
    }

    fn reaches(&self, resources: &Matcher<Vec<Pattern>>, request: &Request<'_>) -> bool {
        let context = request.context;
        // What is not this resource as nobody knows what it is must permit nobody anything.
        let is_known = match resources {
            Matcher::NotIn(list) => list.iter().all(|pattern| pattern.is_resolvable(context)),
            Matcher::In(_) => true,
        };
        (is_known || self.effect == Effect::Deny)
            && resources.is_met(|list| {
                list.iter().any(|pattern| pattern.matches_resource(request.resource, context))
            })
    }
}
