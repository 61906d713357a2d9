//! Security Token Service: callers ask who they are, and act as roles for a time. Needs no state.

mod assume_role;
mod constraint;
mod session_token;

use crate::{
    api::Call,
    query::{Fault, Xml},
    signature::{Credentials, Session},
};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const ASSUME_ROLE: &str = "AssumeRole";
const GET_CALLER_IDENTITY: &str = "GetCallerIdentity";
const GET_SESSION_TOKEN: &str = "GetSessionToken";

/// The names of the operations.
pub(crate) const OPERATIONS: &[&str] = &[ASSUME_ROLE, GET_CALLER_IDENTITY, GET_SESSION_TOKEN];

/// Answers one request.
pub(crate) fn answer(call: &Call<'_>, request_id: &str) -> (&'static str, Result<Vec<u8>, Fault>) {
    let (name, result) = match call.action() {
        ASSUME_ROLE => (ASSUME_ROLE, assume_role::run(call)),
        GET_CALLER_IDENTITY => (GET_CALLER_IDENTITY, get_caller_identity(call)),
        GET_SESSION_TOKEN => (GET_SESSION_TOKEN, session_token::run(call)),
        _ => return (crate::api::UNKNOWN_ACTION, Err(call.unknown_action())),
    };
    (name, result.map(|result| result.query_document(name, NAMESPACE, request_id)))
}

fn get_caller_identity(call: &Call<'_>) -> Result<Xml, Fault> {
    call.ready(&call.input())?;
    let identity = call.identity();
    let mut xml = Xml::new();
    xml.value("Arn", identity.arn());
    xml.value("UserId", identity.user_id());
    xml.value("Account", &call.caller().account);
    Ok(xml)
}

/// Writes what the holder of a session signs with.
fn write_credentials(xml: &mut Xml, credentials: &Credentials, session: &Session) {
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &credentials.access_key_id);
        xml.text("SecretAccessKey", &credentials.secret_access_key);
        xml.text("SessionToken", &credentials.session_token);
        xml.time("Expiration", session.expires);
    });
}
