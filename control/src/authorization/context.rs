//! The condition keys that every request has: who, when, from where (IAM guide, "AWS global
//! condition context keys").

use control_core::Identity;
use iam::Context;

use super::Circumstances;
use crate::{api::Call, http::Channel, query::xml::iso_8601};

/// The keys of the caller and of the circumstances.
pub(super) fn common(call: &Call<'_>) -> Context {
    let identity = call.identity();
    let registry = call.registry();
    let region = registry.settings().region.as_str();
    let Circumstances { arrival, now } = call.circumstances();
    let kind = match &identity.caller.identity {
        Identity::Root => "Account",
        Identity::User(_) => "User",
        Identity::Role(_) => "AssumedRole",
    };
    let mut context = Context::default()
        .with("aws:PrincipalArn", identity.policy_caller().principal_arn())
        .with("aws:PrincipalAccount", [identity.caller.account.as_str()])
        .with("aws:PrincipalType", [kind])
        .with("aws:userid", [identity.user_id()])
        .with("aws:CurrentTime", [iso_8601(now)])
        .with("aws:EpochTime", [now.as_secs().to_string()])
        .with("aws:RequestedRegion", [region])
        .with("ec2:Region", [region])
        .with("aws:SecureTransport", [matches!(arrival.channel, Channel::Tls(_)).to_string()]);
    if let Identity::User(name) = &identity.caller.identity {
        context.insert("aws:username", [name.as_str()]);
    }
    if let Some(session) = &identity.session {
        context.insert("aws:TokenIssueTime", [iso_8601(session.issued)]);
        context.insert("aws:MultiFactorAuthPresent", ["false"]);
    }
    context.insert("aws:SourceIp", [arrival.peer.ip().to_canonical().to_string()]);
    context
}
