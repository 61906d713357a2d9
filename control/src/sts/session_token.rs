//! `GetSessionToken`: temporary credentials of whoever asks, with its own permissions.

use std::time::Duration;

use control_core::Identity;
use hyper::StatusCode;

use super::{constraint, write_credentials};
use crate::{
    api::Call,
    query::{Fault, Xml},
    signature::{Session, Subject},
};

/// A second factor, which there is not here; better refused than dropped.
const UNSUPPORTED: &[&str] = &["SerialNumber", "TokenCode"];

/// The shortest and the longest session (STS, `DurationSeconds`).
const SECONDS: (u64, u64) = (900, 129_600);
/// How long one is without a word.
const DEFAULT: Duration = Duration::from_secs(43_200);
/// How long one of the account itself is at most; longer ones are cut.
const ROOT_MAX: Duration = Duration::from_secs(3600);

pub(super) fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    let asked = constraint::duration(&input, SECONDS)?;
    call.ready(&input)?;
    let identity = call.identity();
    if identity.session.is_some() {
        let message = "Cannot call GetSessionToken with session credentials";
        return Err(Fault::with_status(StatusCode::FORBIDDEN, "AccessDenied", message));
    }
    let asked = asked.unwrap_or(DEFAULT);
    let (user, duration) = match &identity.caller.identity {
        Identity::User(name) => (Some(name.clone()), asked),
        Identity::Root | Identity::Role(_) => (None, asked.min(ROOT_MAX)),
    };
    let issued = call.circumstances().now;
    let session = Session {
        account: identity.caller.account.clone(),
        subject: Subject::Owner { user, access_key_id: identity.access_key_id.clone() },
        issued,
        expires: issued + duration,
        policy: None,
    };
    let mut xml = Xml::new();
    write_credentials(&mut xml, &call.issue(&session)?, &session);
    Ok(xml)
}
