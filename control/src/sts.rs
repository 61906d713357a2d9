//! Security Token Service: one operation, with which callers ask who they are. It takes part in no
//! decision and needs no state.

use crate::{
    api::Call,
    query::{Fault, Xml},
};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const GET_CALLER_IDENTITY: &str = "GetCallerIdentity";

/// The names of the operations.
pub(crate) const OPERATIONS: &[&str] = &[GET_CALLER_IDENTITY];

/// Answers one request.
pub(crate) fn answer(call: &Call<'_>, request_id: &str) -> (&'static str, Result<Vec<u8>, Fault>) {
    if call.action() != GET_CALLER_IDENTITY {
        return (crate::api::UNKNOWN_ACTION, Err(call.unknown_action()));
    }
    let document = get_caller_identity(call)
        .map(|result| result.query_document(GET_CALLER_IDENTITY, NAMESPACE, request_id));
    (GET_CALLER_IDENTITY, document)
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
