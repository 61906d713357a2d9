//! What a caller is permitted in all: what its identity policies say, and in a session with a
//! policy of its own, what that says as well (IAM guide, "Session policies").

use std::sync::Arc;

use iam::{Decision, Request, document::Kind, evaluate};

use crate::config::Policy;

/// The policies that a caller's permission is made of.
pub(super) struct Permissions<'a> {
    identity: &'a [Arc<Policy>],
    session: Session,
}

/// The policy of a session.
enum Session {
    None,
    Policy(Policy),
    /// One that was taken once and cannot be read now; it permits nothing.
    Unreadable,
}

/// Why something is not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    /// Which policies.
    pub(super) by: By,
    /// Whether one of them forbids it; else none of them speaks about it.
    pub(super) is_explicit: bool,
}

/// Which policies do not permit something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Identity,
    Session,
}

impl<'a> Permissions<'a> {
    pub(super) fn new(identity: &'a [Arc<Policy>], session: Option<&str>) -> Self {
        let session = match session.map(|text| Policy::parse(text, Kind::Identity)) {
            None => Session::None,
            Some(Ok(policy)) => Session::Policy(policy),
            Some(Err(_)) => Session::Unreadable,
        };
        Self { identity, session }
    }

    /// Whether all of them permit the request. What any of them forbids comes first.
    pub(super) fn permit(&self, request: &Request<'_>) -> Result<(), Denial> {
        let identity = evaluate(self.identity.iter().map(Arc::as_ref), request);
        let session = self.session(request);
        let explicit = |by| Err(Denial { by, is_explicit: true });
        let implicit = |by| Err(Denial { by, is_explicit: false });
        match (identity, session) {
            (Decision::ExplicitDeny, _) => explicit(By::Identity),
            (_, Decision::ExplicitDeny) => explicit(By::Session),
            (_, Decision::ImplicitDeny) => implicit(By::Session),
            (Decision::ImplicitDeny, Decision::Allow) => implicit(By::Identity),
            (Decision::Allow, Decision::Allow) => Ok(()),
        }
    }

    fn session(&self, request: &Request<'_>) -> Decision {
        match &self.session {
            Session::None => Decision::Allow,
            Session::Policy(policy) => evaluate([policy], request),
            Session::Unreadable => Decision::ImplicitDeny,
        }
    }
}
