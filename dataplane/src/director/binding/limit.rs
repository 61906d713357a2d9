//! An endpoint's limits, told to the workers of its interfaces when they change.

use std::sync::Arc;

use super::Served;
use crate::{limit::Limits, route::Change};

/// Takes the limits that the endpoint now has. Workers that have not heard of an interface yet get
/// them with its first listener.
pub(super) fn follow(served: &mut Served) -> Vec<Change> {
    let wanted = served.endpoint.limits;
    let known = served.limits.as_ref();
    if known.map(|limits| limits.set).unwrap_or_default() == wanted {
        return Vec::new();
    }
    let limits = match known {
        Some(limits) => limits.changed(wanted),
        None => Limits::new(wanted),
    };
    served.limits = limits.map(Arc::new);
    let interfaces = served.interfaces.iter();
    interfaces
        .map(|interface| Change::SetLimits(interface.route.key, served.limits.clone()))
        .collect()
}
