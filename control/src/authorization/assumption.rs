//! Whether a caller may act as a role (IAM guide, "Policy evaluation logic" and "Cross-account
//! policy evaluation logic").
//!
//! The role's trust policy must admit the caller, and the caller's own policies must permit
//! `sts:AssumeRole` on the role. Within one account a trust policy that admits the caller by name
//! is enough, as long as none of its own policies forbids it and a session's policy permits it.

use control_core::{Caller, Identity, Principal};
use hyper::StatusCode;
use iam::{Decision, Request, admits_by_name, evaluate};

use super::{
    Authorizer, context,
    permissions::{By, Denial},
};
use crate::{
    api::Call,
    config::Role,
    query::{Fault, fault::quoted},
};

const ACTION: &str = "sts:AssumeRole";

/// What an assumption is asked with.
pub(crate) struct Assumption<'a> {
    /// The role's ARN.
    pub(crate) role: &'a str,
    /// The name of the session to be.
    pub(crate) session: &'a str,
    /// What the role's owner and a third party have agreed on.
    pub(crate) external_id: Option<&'a str>,
}

impl Authorizer {
    /// The role, if the caller may assume it. One that does not exist is refused alike.
    pub(crate) fn assumed(
        &self,
        call: &Call<'_>,
        asked: &Assumption<'_>,
    ) -> Result<(Caller, &Role), Fault> {
        let denied = || denied(call, asked.role);
        let Ok(Principal::Role(account, name)) = asked.role.parse() else {
            let role = quoted(asked.role);
            return Err(Fault::new("ValidationError", format!("{role} is invalid")));
        };
        let assumed = Caller { account, identity: Identity::Role(name) };
        let role = self.roles.get(&assumed).ok_or_else(denied)?;
        let mut context = context::common(call).with("sts:RoleSessionName", [asked.session]);
        if let Some(id) = asked.external_id {
            context.insert("sts:ExternalId", [id]);
        }
        let caller = call.identity().policy_caller();
        let request =
            Request { caller: &caller, action: ACTION, resource: asked.role, context: &context };
        if evaluate([role.trust_policy.as_ref()], &request) != Decision::Allow {
            return Err(denied());
        }
        let own = match call.caller().identity {
            Identity::Root => Ok(()),
            Identity::User(_) | Identity::Role(_) => {
                self.permissions(call.identity()).permit(&request)
            }
        };
        let by_name = call.caller().account == assumed.account
            && admits_by_name(&role.trust_policy, &request);
        match own {
            Ok(()) => Ok((assumed, role)),
            Err(Denial { by: By::Identity, is_explicit: false }) if by_name => Ok((assumed, role)),
            Err(_) => Err(denied()),
        }
    }
}

fn denied(call: &Call<'_>, role: &str) -> Fault {
    let (caller, role) = (call.identity().arn(), quoted(role));
    let message =
        format!("User: {caller} is not authorized to perform: {ACTION} on resource: {role}");
    Fault::with_status(StatusCode::FORBIDDEN, "AccessDenied", message)
}
