//! How a signature that was not taken is worded on the wire.

use hyper::StatusCode;

use crate::{
    query::{Dialect, Fault},
    signature::SignatureError,
};

/// The fault of a signature error. EC2 tells strangers one thing only, whichever part was wrong;
/// the Query services tell which (EC2 "Common client errors"; "Common Errors" of ELBv2 and STS).
pub(super) fn signature_fault(error: &SignatureError, dialect: Dialect) -> Fault {
    let forbidden = |code, message: &str| Fault::with_status(StatusCode::FORBIDDEN, code, message);
    match (error, dialect) {
        (SignatureError::Missing, _) => {
            forbidden("MissingAuthenticationToken", "Request is missing Authentication Token")
        }
        (SignatureError::Incomplete(what), _) => Fault::new("IncompleteSignature", *what),
        (SignatureError::SessionExpired, Dialect::Ec2) => {
            Fault::new("RequestExpired", "Request has expired.")
        }
        (SignatureError::SessionExpired, Dialect::Query) => {
            forbidden("ExpiredToken", "The security token included in the request is expired")
        }
        (SignatureError::Expired | SignatureError::NotYetValid, _) => Fault::new(
            "RequestExpired",
            "Request has expired, or its date is too far from the server's. \
             The Date header of this answer has the server's time.",
        ),
        (
            SignatureError::WrongRegion | SignatureError::UnknownKey | SignatureError::Mismatch,
            Dialect::Ec2,
        ) => Fault::with_status(
            StatusCode::UNAUTHORIZED,
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
        ),
        (SignatureError::WrongRegion, Dialect::Query) => {
            forbidden("SignatureDoesNotMatch", "Credential should be scoped to a valid region.")
        }
        (SignatureError::UnknownKey, Dialect::Query) => forbidden(
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
        (SignatureError::Mismatch, Dialect::Query) => forbidden(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method.",
        ),
    }
}
