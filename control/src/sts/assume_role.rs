//! `AssumeRole`: temporary credentials of a role, for whom it trusts.

use std::time::Duration;

use control_core::Identity;
use iam::document::Kind;

use super::{
    constraint::{self, Name},
    write_credentials,
};
use crate::{
    api::Call,
    authorization::Assumption,
    config::Policy,
    query::{Fault, Input, Xml},
    signature::{self, POLICY_BYTES_MAX, Session, Subject},
};

/// What names a session's source further, or policies that nobody manages here; better refused than
/// dropped.
const UNSUPPORTED: &[&str] = &[
    "PolicyArns",
    "ProvidedContexts",
    "SerialNumber",
    "SourceIdentity",
    "Tags",
    "TokenCode",
    "TransitiveTagKeys",
];

const SESSION_NAME: Name =
    Name { member: "RoleSessionName", said: "roleSessionName", length: (2, 64), marks: "_+=,.@-" };
const EXTERNAL_ID: Name =
    Name { member: "ExternalId", said: "externalId", length: (2, 1224), marks: "_+=,.@:/-" };
/// The characters of a session's policy (STS, `Policy`).
const POLICY_LENGTH: (usize, usize) = (1, 2048);
/// The shortest session and the longest that any role may permit (STS, `DurationSeconds`).
const SECONDS: (u64, u64) = (900, 43_200);
/// How long one is without a word.
const DEFAULT: Duration = Duration::from_secs(3600);
/// The longest session that another session of a role may ask for ("role chaining").
const CHAINED_MAX: Duration = Duration::from_secs(3600);

pub(super) fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    let asked = Assumption {
        role: input.required_text("RoleArn")?,
        session: session_name(&input)?,
        external_id: EXTERNAL_ID.read(&input)?,
    };
    let asked_duration = constraint::duration(&input, SECONDS)?;
    let policy = policy(&input)?;
    call.ready(&input)?;
    let (caller, role) = call.assumed(&asked)?;
    let duration = duration(call, asked_duration, role.max_session_duration)?;

    let issued = call.circumstances().now;
    let session = Session {
        account: caller.account.clone(),
        subject: Subject::Role { role: role.name.clone(), session: asked.session.to_owned() },
        issued,
        expires: issued + duration,
        policy,
    };
    let packed = packed_percent(&session)?;
    let credentials = call.issue(&session)?;
    let identity = signature::Identity {
        caller,
        access_key_id: credentials.access_key_id.clone(),
        session: Some(session.clone()),
    };
    let mut xml = Xml::new();
    xml.element("AssumedRoleUser", |xml| {
        xml.value("AssumedRoleId", identity.user_id());
        xml.value("Arn", identity.arn());
    });
    write_credentials(&mut xml, &credentials, &session);
    if session.policy.is_some() {
        xml.value("PackedPolicySize", packed);
    }
    Ok(xml)
}

fn session_name<'a>(input: &Input<'a>) -> Result<&'a str, Fault> {
    let missing = || Fault::missing_parameter(SESSION_NAME.member);
    SESSION_NAME.read(input)?.ok_or_else(missing)
}

/// A policy that narrows the session. It is an identity policy: it names no principal.
fn policy(input: &Input<'_>) -> Result<Option<String>, Fault> {
    let Some(text) = input.text("Policy")? else { return Ok(None) };
    constraint::check_length("policy", text, POLICY_LENGTH)?;
    if !text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}')) {
        let rule = r"satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+";
        return Err(constraint::violated("policy", text, rule));
    }
    let malformed = |error: iam::MalformedPolicy| {
        Fault::new("MalformedPolicyDocument", format!("The policy is malformed: {error}"))
    };
    Policy::parse(text, Kind::Identity).map_err(malformed)?;
    Ok(Some(text.to_owned()))
}

/// How much of its room in the token the session's policy takes.
fn packed_percent(session: &Session) -> Result<usize, Fault> {
    let percent = session.policy_bytes().saturating_mul(100).div_ceil(POLICY_BYTES_MAX);
    if percent <= 100 {
        return Ok(percent);
    }
    let message =
        format!("Packed policy consumes {percent}% of allotted space, please use smaller policy.");
    Err(Fault::new("PackedPolicyTooLarge", message))
}

fn duration(call: &Call<'_>, asked: Option<Duration>, max: Duration) -> Result<Duration, Fault> {
    let asked = asked.unwrap_or(DEFAULT);
    let invalid = |message: &str| Err(Fault::new("ValidationError", message));
    if asked > max {
        return invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        );
    }
    if matches!(call.caller().identity, Identity::Role(_)) && asked > CHAINED_MAX {
        return invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining.",
        );
    }
    Ok(asked)
}
