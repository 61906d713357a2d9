//! Elastic Load Balancing version 2 on the wire: load balancers, listeners, target groups, targets.
//!
//! One file per operation in `action`, what they answer in `shape`, ARNs in `arn`, attributes'
//! names in
//! `attribute`, refusals' codes in `code`. Knows no state beyond what a call lends it.

mod action;
mod arn;
mod attribute;
mod code;
mod member;
mod shape;

use crate::{api::Call, query::Fault};

pub(crate) use code::fault;

const NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

/// Answers one request.
pub(crate) async fn answer(
    call: &Call<'_>,
    request_id: &str,
) -> (&'static str, Result<Vec<u8>, Fault>) {
    let Some(action) = action::known(call.action()) else {
        return (crate::api::UNKNOWN_ACTION, Err(call.unknown_action()));
    };
    let document = action::run(action, call)
        .await
        .map(|result| result.query_document(action, NAMESPACE, request_id));
    (action, document)
}
