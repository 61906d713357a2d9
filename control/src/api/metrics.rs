//! What is counted of API requests. Labels are operations and codes known to the program, never
//! texts of callers.

use std::time::Duration;

use control_core::throttle::ActionClass;
use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

const REQUESTS: &str = "postern_api_requests_total";
const THROTTLED: &str = "postern_api_throttled_total";
const NO_ROOM: &str = "postern_api_answers_without_room_total";
const SECONDS: &str = "postern_api_request_seconds";

/// The code of requests that were answered with success.
pub(super) const OK: &str = "OK";
/// The operation of requests that name none that is served.
pub(crate) const UNKNOWN: &str = "unknown";

/// Tells the exporter what the numbers mean.
pub(super) fn describe() {
    describe_counter!(
        REQUESTS,
        Unit::Count,
        "API requests answered, by service, operation and error code (OK if none)"
    );
    describe_counter!(
        THROTTLED,
        Unit::Count,
        "API requests refused because their account calls too often, by class of operation"
    );
    describe_counter!(
        NO_ROOM,
        Unit::Count,
        "API requests refused because too many large answers have not been read yet"
    );
    describe_histogram!(
        SECONDS,
        Unit::Seconds,
        "Time from the last byte of an API request to its answer, by service and operation"
    );
}

/// Counts one answered request.
pub(super) fn answered(
    service: &'static str,
    action: &'static str,
    code: &'static str,
    took: Duration,
) {
    counter!(REQUESTS, "service" => service, "action" => action, "code" => code).increment(1);
    histogram!(SECONDS, "service" => service, "action" => action).record(took.as_secs_f64());
}

/// Counts one request whose answer there is no room for.
pub(super) fn no_room() {
    counter!(NO_ROOM).increment(1);
}

/// Counts one request that came too early.
pub(super) fn throttled(class: ActionClass) {
    let class = match class {
        ActionClass::Read => "read",
        ActionClass::Change => "change",
    };
    counter!(THROTTLED, "class" => class).increment(1);
}
