//! Why a zonal shift is refused. The sentences are the wire's.

use model::LoadBalancerId;

use super::Refusal;
use crate::resource::ZonalShiftId;

/// What is in the way of a zonal shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZonalShiftRefusal {
    /// The load balancer's attribute does not allow zonal shifts.
    Disabled(LoadBalancerId),
    /// The load balancer is in no such zone.
    Zone {
        /// The load balancer.
        load_balancer: LoadBalancerId,
    },
    /// A zonal shift of the load balancer lasts.
    Exists(ZonalShiftId),
    /// No such zonal shift, or only an older one.
    NotFound(ZonalShiftId),
    /// The zonal shift does not last any longer.
    Ended(ZonalShiftId),
    /// A zonal shift lasts from a minute to 72 hours.
    Length,
    /// The comment is too long.
    Comment {
        /// The most characters it may have.
        max: usize,
    },
}

impl From<ZonalShiftRefusal> for Refusal {
    fn from(refusal: ZonalShiftRefusal) -> Self {
        Self::ZonalShift(refusal)
    }
}
