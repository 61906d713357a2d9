//! Which AWS service a request is for. All of them share one port; the scope of the signature says
//! which is meant (control-api 1.3).

use super::Call;
use crate::{
    audit::ErrorForm,
    ec2, elb,
    query::{Dialect, Fault},
    signature::{Claim, SignedRequest},
    sts, zonal_shift,
};

/// A service that is served here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Amazon EC2: networks, endpoints and endpoint services.
    Ec2,
    /// Elastic Load Balancing, version 2.
    Elb,
    /// Security Token Service.
    Sts,
    /// ARC zonal shift.
    ZonalShift,
}

impl Service {
    /// The service of a credential's scope.
    pub(super) fn of_scope(scope: &str) -> Option<Self> {
        match scope {
            "ec2" => Some(Self::Ec2),
            "elasticloadbalancing" => Some(Self::Elb),
            "sts" => Some(Self::Sts),
            "arc-zonal-shift" => Some(Self::ZonalShift),
            _ => None,
        }
    }

    /// The service that a request means, for the form of its answer. One that is not signed, or not
    /// well, still gives itself away by the version of the API that it was written for.
    pub(super) fn of_request(request: SignedRequest<'_>) -> Option<Self> {
        if let Ok(claim) = Claim::read(request) {
            return Self::of_scope(&claim.scope.service);
        }
        let versions = [
            (&b"Version=2016-11-15"[..], Self::Ec2),
            (&b"Version=2015-12-01"[..], Self::Elb),
            (&b"Version=2011-06-15"[..], Self::Sts),
        ];
        let says = |version: &[u8]| {
            [request.query.as_bytes(), request.body]
                .iter()
                .any(|text| text.windows(version.len()).any(|window| window == version))
        };
        versions.iter().find(|(version, _)| says(version)).map(|(_, service)| *service)
    }

    /// Its name in scopes and in numbers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Elb => "elasticloadbalancing",
            Self::Sts => "sts",
            Self::ZonalShift => "arc-zonal-shift",
        }
    }

    /// The names of its operations.
    pub(crate) fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Ec2 => ec2::OPERATIONS,
            Self::Elb => elb::OPERATIONS,
            Self::Sts => sts::OPERATIONS,
            Self::ZonalShift => zonal_shift::OPERATIONS,
        }
    }

    /// The name of an operation as the service spells it; none if it has no such one.
    pub(super) fn operation(self, name: &str) -> Option<&'static str> {
        self.operations().iter().find(|operation| **operation == name).copied()
    }

    /// Its protocol, as far as forms go: what is not spoken to with forms is made into one.
    pub(crate) fn dialect(self) -> Dialect {
        match self {
            Self::Ec2 => Dialect::Ec2,
            Self::Elb | Self::Sts | Self::ZonalShift => Dialect::Query,
        }
    }

    /// Whether it is spoken to with methods and paths, and in JSON.
    pub(super) fn is_rest(self) -> bool {
        match self {
            Self::ZonalShift => true,
            Self::Ec2 | Self::Elb | Self::Sts => false,
        }
    }

    /// How its error codes are written in the audit log (CloudTrail does so for EC2 alone).
    pub(super) fn error_form(self) -> ErrorForm {
        match self {
            Self::Ec2 => ErrorForm::WithSide,
            Self::Elb | Self::Sts | Self::ZonalShift => ErrorForm::Plain,
        }
    }

    /// Runs the operation; its name comes back as the service spells it.
    pub(super) async fn answer(
        self,
        call: &Call<'_>,
        request_id: &str,
    ) -> (&'static str, Result<Vec<u8>, Fault>) {
        match self {
            Self::Ec2 => ec2::answer(call, request_id).await,
            Self::Elb => elb::answer(call, request_id).await,
            Self::Sts => sts::answer(call, request_id),
            Self::ZonalShift => zonal_shift::answer(call).await,
        }
    }
}
