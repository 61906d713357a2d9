//! Elastic Load Balancing's wire, version 2: Network Load Balancers, listeners, target groups,
//! targets.
//!
//! [`action`] has one file per operation, [`shape`] one per resource, [`attribute`] the names of
//! the attributes, [`code`] the error codes. Names are those of the ELBv2 API, 2015-12-01, and live
//! nowhere else.

mod action;
mod arns;
pub(crate) mod attribute;
mod code;
mod forward;
mod group;
mod health_check;
mod page;
mod shape;
mod subnet;
mod tag;
mod target;
mod tls;

use crate::{api::Call, query::Fault};

pub(crate) use action::NAMES as OPERATIONS;
pub(crate) use arns::Arns;
pub(crate) use code::fault;

const NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

/// Answers one request; the operation's name comes back as the service spells it.
pub(crate) async fn answer(
    call: &Call<'_>,
    request_id: &str,
) -> (&'static str, Result<Vec<u8>, Fault>) {
    match action::run(call).await {
        Some((name, result)) => {
            (name, result.map(|result| result.query_document(name, NAMESPACE, request_id)))
        }
        None => (crate::api::UNKNOWN_ACTION, Err(call.unknown_action())),
    }
}
