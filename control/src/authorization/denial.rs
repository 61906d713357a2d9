//! How a call that is not permitted is refused on the wire. Names the action and the resource as
//! the caller wrote them, so it tells nothing that the caller did not know.

use hyper::StatusCode;

use super::{
    check::Check,
    permissions::{By, Denial},
};
use crate::{
    api::{Call, Service},
    query::{Fault, fault::quoted},
};

/// The fault of a call that is not permitted (EC2 "Common client errors"; ELBv2 and STS "Common
/// errors").
pub(super) fn fault(call: &Call<'_>, check: &Check, denial: Denial) -> Fault {
    let (caller, action) = (call.identity().arn(), &check.action);
    let resource = quoted(&check.resource);
    let policy = match denial.by {
        By::Identity => "identity-based",
        By::Session => "session",
    };
    let because = if denial.is_explicit {
        format!(
            "with an explicit deny in {} {policy} policy",
            if denial.by == By::Identity { "an" } else { "a" }
        )
    } else {
        format!("because no {policy} policy allows the {action} action")
    };
    let what = format!(
        "User: {caller} is not authorized to perform: {action} on resource: {resource} {because}"
    );
    let forbidden = |code, message| Fault::with_status(StatusCode::FORBIDDEN, code, message);
    match call.service() {
        Service::Ec2 => forbidden(
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {what}."),
        ),
        Service::Elb | Service::Sts | Service::ZonalShift => forbidden("AccessDenied", what),
    }
}
