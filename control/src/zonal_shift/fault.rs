//! This service's errors: the codes, the reasons, and what other services call the same.

use control_core::{Refusal, refusal::ZonalShiftRefusal as Shift};
use hyper::StatusCode;

use crate::{query::Fault, wording::wording};

const CONFLICT: &str = "ConflictException";
const INTERNAL: &str = "InternalServerException";
const NOT_FOUND: &str = "ResourceNotFoundException";
const VALIDATION: &str = "ValidationException";

/// The fault of a refusal.
pub(crate) fn of_refusal(refusal: &Refusal) -> Fault {
    use Refusal as R;
    let message = wording(refusal);
    match refusal {
        R::NotFound(_) | R::ZonalShift(Shift::NotFound(_) | Shift::Disabled(_)) => {
            not_found(message)
        }
        R::ZonalShift(Shift::Exists(id)) => {
            conflict(message, "ZonalShiftAlreadyExists").with("zonalShiftId", id.as_str())
        }
        R::ZonalShift(Shift::Ended(id)) => {
            conflict(message, "ZonalShiftStatusNotActive").with("zonalShiftId", id.as_str())
        }
        R::ZonalShift(Shift::Zone { .. }) => invalid(message, "InvalidAz"),
        R::ZonalShift(Shift::Length) => invalid(message, "InvalidExpiresIn"),
        _ => invalid(message, "MissingValue"),
    }
}

/// Something that is not there, or is another account's, or not managed.
pub(super) fn not_found(message: impl Into<String>) -> Fault {
    Fault::with_status(StatusCode::NOT_FOUND, NOT_FOUND, message)
}

/// A member's value that cannot be.
pub(super) fn invalid(message: impl Into<String>, reason: &'static str) -> Fault {
    Fault::new(VALIDATION, message).with("reason", reason)
}

fn conflict(message: String, reason: &'static str) -> Fault {
    Fault::with_status(StatusCode::CONFLICT, CONFLICT, message).with("reason", reason)
}

/// A fault that all services share, in the codes of this one.
pub(crate) fn restated(fault: Fault) -> Fault {
    let (status, code, reason) = match fault.code {
        VALIDATION if fault.details.is_empty() => (fault.status, VALIDATION, Some("MissingValue")),
        "LoadBalancerNotFound" => (StatusCode::NOT_FOUND, NOT_FOUND, None),
        "Throttling" => (StatusCode::TOO_MANY_REQUESTS, "ThrottlingException", None),
        "InternalError" => (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL, None),
        "AccessDenied" => (StatusCode::FORBIDDEN, "AccessDeniedException", None),
        "MissingParameter" => (fault.status, VALIDATION, Some("MissingValue")),
        "ValidationError" if fault.message.contains("ARN") => {
            (fault.status, VALIDATION, Some("InvalidResourceIdentifier"))
        }
        "ValidationError" => (fault.status, VALIDATION, Some("InvalidToken")),
        "InvalidParameterValue" | "UnknownParameter" | "UnsupportedOperation" => {
            (fault.status, VALIDATION, Some("MissingValue"))
        }
        "ExpiredToken" => (StatusCode::FORBIDDEN, "ExpiredTokenException", None),
        "InvalidClientTokenId" => (StatusCode::FORBIDDEN, "UnrecognizedClientException", None),
        "SignatureDoesNotMatch" => (StatusCode::FORBIDDEN, "InvalidSignatureException", None),
        _ => return fault,
    };
    let fault = Fault { status, code, ..fault };
    match reason {
        Some(reason) => fault.with("reason", reason),
        None => fault,
    }
}
