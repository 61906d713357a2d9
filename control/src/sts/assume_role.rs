//! `AssumeRole`: temporary credentials of a role, for whom it trusts.

use std::time::Duration;

use control_core::Identity;

use crate::{
    api::Call,
    authorization::Assumption,
    query::{Fault, Input, Xml, fault::quoted},
    signature,
};

/// What narrows a session or names its source further; better refused than dropped.
const UNSUPPORTED: &[&str] = &[
    "Policy",
    "PolicyArns",
    "ProvidedContexts",
    "SerialNumber",
    "SourceIdentity",
    "Tags",
    "TokenCode",
    "TransitiveTagKeys",
];

/// The shortest session, and what it is without a word (STS, `DurationSeconds`).
const SECONDS_MIN: u64 = 900;
const SECONDS_DEFAULT: u64 = 3600;
/// The longest session that another session of a role may ask for ("role chaining").
const CHAINED_MAX: Duration = Duration::from_secs(3600);

pub(super) fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    let asked = Assumption {
        role: input.required_text("RoleArn")?,
        session: session_name(&input)?,
        external_id: input.text("ExternalId")?,
    };
    let seconds: Option<u64> = input.parse("DurationSeconds", "an integer")?;
    call.ready(&input)?;
    let (caller, role) = call.assumed(&asked)?;
    let duration = duration(call, seconds, role.max_session_duration)?;

    let issued = call.circumstances().now;
    let session = signature::Session {
        account: caller.account.clone(),
        role: role.name.clone(),
        name: asked.session.to_owned(),
        issued,
        expires: issued + duration,
    };
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
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &credentials.access_key_id);
        xml.text("SecretAccessKey", &credentials.secret_access_key);
        xml.text("SessionToken", &credentials.session_token);
        xml.time("Expiration", session.expires);
    });
    Ok(xml)
}

fn session_name<'a>(input: &Input<'a>) -> Result<&'a str, Fault> {
    let name = input.required_text("RoleSessionName")?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    if (2..=64).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(name);
    }
    let message = format!(
        "Value '{}' at 'roleSessionName' failed to satisfy constraint: 2 to 64 letters, digits \
         and _+=,.@-",
        quoted(name)
    );
    Err(Fault::new("ValidationError", message))
}

fn duration(call: &Call<'_>, seconds: Option<u64>, max: Duration) -> Result<Duration, Fault> {
    let asked = Duration::from_secs(seconds.unwrap_or(SECONDS_DEFAULT));
    let invalid = |message: &str| Err(Fault::new("ValidationError", message));
    if asked < Duration::from_secs(SECONDS_MIN) {
        return invalid("DurationSeconds must have a value greater than or equal to 900");
    }
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
