//! Amazon EC2's wire: networks, endpoint services and endpoints.
//!
//! [`action`] has one file per operation, [`shape`] one per resource, [`code`] the error codes.
//! Names of members and elements are those of the EC2 API, 2016-11-15, and live nowhere else.

mod action;
mod block;
mod code;
mod describe;
mod endpoint_input;
mod hosted_zone;
mod id;
mod route_input;
mod rule_change;
mod rule_input;
mod service_input;
mod shape;
mod tag;
mod unsuccessful;

use crate::{api::Call, query::Fault};

pub(crate) use action::NAMES as OPERATIONS;
pub(crate) use code::fault;
pub(crate) use shape::notification::event_name;

const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// Answers one request; the operation's name comes back as EC2 spells it.
pub(crate) async fn answer(
    call: &Call<'_>,
    request_id: &str,
) -> (&'static str, Result<Vec<u8>, Fault>) {
    match action::run(call).await {
        Some((name, members)) => {
            (name, members.map(|members| members.ec2_document(name, NAMESPACE, request_id)))
        }
        None => (crate::api::UNKNOWN_ACTION, Err(call.unknown_action())),
    }
}
