//! Elastic Load Balancing's wire, version 2.

use control_core::Refusal;

use crate::{api::Call, query::Fault, wording::wording};

/// Answers one request; the operation's name comes back as the service spells it.
pub(crate) async fn answer(
    call: &Call<'_>,
    _request_id: &str,
) -> (&'static str, Result<Vec<u8>, Fault>) {
    (crate::api::UNKNOWN_ACTION, Err(call.unknown_action()))
}

/// The fault of a refusal.
pub(crate) fn fault(refusal: &Refusal) -> Fault {
    Fault::new("ValidationError", wording(refusal))
}
