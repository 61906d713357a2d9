//! Zonal shifts and load balancers as ARC zonal shift shows them.

use control_core::resource::{LoadBalancer, ZonalShift};
use serde_json::{Map, Value, json};

/// What is said of a zonal shift wherever one is shown.
fn common(arn: &str, shift: &ZonalShift) -> Value {
    json!({
        "zonalShiftId": shift.id.as_str(),
        "resourceIdentifier": arn,
        "awayFrom": shift.zone.as_str(),
        "expiryTime": shift.expires.as_secs(),
        "startTime": shift.started.as_secs(),
        "comment": &*shift.comment,
    })
}

/// A zonal shift, as the operations that change one answer.
pub(super) fn shift(arn: &str, shift: &ZonalShift) -> Value {
    let mut shown = common(arn, shift);
    shown["status"] = shift.status.to_string().into();
    shown
}

/// A zonal shift in a list.
pub(super) fn summary(arn: &str, of: &ZonalShift) -> Value {
    let mut summary = shift(arn, of);
    summary["shiftType"] = "ZONAL_SHIFT".into();
    summary
}

/// A load balancer.
pub(super) fn resource(arn: &str, lb: &LoadBalancer) -> Map<String, Value> {
    let active = lb.zonal_shift.as_ref().filter(|shift| shift.is_active());
    let weight = |zone| if active.is_some_and(|shift| shift.zone == zone) { 0.0 } else { 1.0 };
    let weights = lb.subnets.keys().map(|zone| (zone.to_string(), weight(zone.clone()).into()));
    let weights: Map<String, Value> = weights.collect();
    let shifts: Vec<Value> = active
        .map(|of| {
            let mut one = common(arn, of);
            one["appliedStatus"] = "APPLIED".into();
            one["shiftType"] = "ZONAL_SHIFT".into();
            one
        })
        .into_iter()
        .collect();
    let mut resource = Map::new();
    resource.insert("arn".into(), arn.into());
    resource.insert("name".into(), lb.name.as_ref().into());
    resource.insert("appliedWeights".into(), weights.into());
    resource.insert("zonalShifts".into(), shifts.into());
    resource.insert("autoshifts".into(), json!([]));
    resource.insert("zonalAutoshiftStatus".into(), "DISABLED".into());
    resource
}
