//! ARC zonal shift on the wire, as far as Network Load Balancers have it: a zone leaves DNS for a
//! while. REST and JSON, API version 2022-10-30.
//!
//! [`rest`] makes a form of a request, so that everything else (signatures, permissions, the audit
//! log, leftover members) is as for the other services; [`fault`] makes this service's errors of
//! theirs. Managed resources are the load balancers whose `zonal_shift.config.enabled` is true.

mod action;
mod fault;
mod rest;
mod shape;

use crate::{api::Call, query::Fault};

pub(crate) use fault::{of_refusal, restated};
pub(crate) use rest::{form, operation};

/// The names of the operations.
pub(crate) const OPERATIONS: &[&str] = &[
    action::CANCEL_ZONAL_SHIFT,
    action::GET_MANAGED_RESOURCE,
    action::LIST_MANAGED_RESOURCES,
    action::LIST_ZONAL_SHIFTS,
    action::START_ZONAL_SHIFT,
    action::UPDATE_ZONAL_SHIFT,
];

/// Answers one request.
pub(crate) async fn answer(call: &Call<'_>) -> (&'static str, Result<Vec<u8>, Fault>) {
    let Some(name) = OPERATIONS.iter().copied().find(|name| *name == call.action()) else {
        return (crate::api::UNKNOWN_ACTION, Err(call.unknown_action()));
    };
    let result = match name {
        action::CANCEL_ZONAL_SHIFT => action::cancel(call).await,
        action::GET_MANAGED_RESOURCE => action::get_managed_resource(call),
        action::LIST_MANAGED_RESOURCES => action::list_managed_resources(call),
        action::LIST_ZONAL_SHIFTS => action::list_zonal_shifts(call),
        action::START_ZONAL_SHIFT => action::start(call).await,
        _ => action::update(call).await,
    };
    (name, result.map(|document| document.to_string().into_bytes()))
}
