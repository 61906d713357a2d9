//! The operations: each reads its members, asks for one change or looks, and shows what is.

use std::{sync::Arc, time::Duration};

use control_core::{
    Command, Outcome, ZoneRef,
    describe::View,
    resource::{LoadBalancer, ZonalShift, ZonalShiftId, zonal_shift::length},
};
use serde_json::{Value, json};

use super::{fault, shape};
use crate::{
    api::{Call, Change},
    elb::Arns,
    query::{Fault, Input},
};

pub(super) const CANCEL_ZONAL_SHIFT: &str = "CancelZonalShift";
pub(super) const GET_MANAGED_RESOURCE: &str = "GetManagedResource";
pub(super) const LIST_MANAGED_RESOURCES: &str = "ListManagedResources";
pub(super) const LIST_ZONAL_SHIFTS: &str = "ListZonalShifts";
pub(super) const START_ZONAL_SHIFT: &str = "StartZonalShift";
pub(super) const UPDATE_ZONAL_SHIFT: &str = "UpdateZonalShift";

/// The members that requests have in their path.
pub(super) const RESOURCE: &str = "resourceIdentifier";
pub(super) const SHIFT: &str = "zonalShiftId";

pub(super) async fn start(call: &Call<'_>) -> Result<Value, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let missing = |name: &'static str| move || Fault::missing_parameter(name);
    let load_balancer = arns.load_balancer(input.required_text(RESOURCE)?)?.id;
    let command = Command::StartZonalShift {
        load_balancer,
        zone: zone(arns.0, input.required_text("awayFrom")?)?,
        expires_in: expires_in(&input)?.ok_or_else(missing("expiresIn"))?,
        comment: input.required_text("comment")?.into(),
    };
    let change = call.change(&input)?;
    changed(call, change, command).await
}

pub(super) async fn update(call: &Call<'_>) -> Result<Value, Fault> {
    let input = call.input();
    let command = Command::UpdateZonalShift {
        shift: shift_id(&input)?,
        expires_in: expires_in(&input)?,
        comment: input.text("comment")?.map(Into::into),
    };
    let change = call.change(&input)?;
    changed(call, change, command).await
}

pub(super) async fn cancel(call: &Call<'_>) -> Result<Value, Fault> {
    let input = call.input();
    let command = Command::CancelZonalShift { shift: shift_id(&input)? };
    let change = call.change(&input)?;
    changed(call, change, command).await
}

/// Makes a change and shows the shift as it is then.
async fn changed(call: &Call<'_>, change: Change, command: Command) -> Result<Value, Fault> {
    let Outcome::LoadBalancer(lb) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let registry = call.registry();
    let arn = Arns(registry.view(call.caller())).of_load_balancer(&lb);
    let shift = lb.zonal_shift.as_ref().ok_or_else(Fault::internal)?;
    Ok(shape::shift(&arn, shift))
}

pub(super) fn list_zonal_shifts(call: &Call<'_>) -> Result<Value, Fault> {
    let input = call.input();
    let status = input.text("status")?;
    let resource = input.text(RESOURCE)?;
    if let Some(other) = status.filter(|it| !["ACTIVE", "EXPIRED", "CANCELED"].contains(it)) {
        let message = format!("'{}' is no status of zonal shifts", crate::query::quoted(other));
        return Err(fault::invalid(message, "InvalidStatus"));
    }
    let request = call.page(&input, "")?;
    let ready = call.ready(&input)?;

    let arns = Arns(ready.registry().view(call.caller()));
    let of_resource = resource.map(|arn| arns.load_balancer(arn)).transpose()?;
    let mut found: Vec<_> = arns
        .0
        .load_balancers()
        .filter(|lb| of_resource.is_none_or(|only| only.id == lb.id))
        .filter_map(|lb| Some((lb, lb.zonal_shift.as_ref()?)))
        .filter(|(_, shift)| status.is_none_or(|status| shift.status.to_string() == status))
        .collect();
    found.sort_by_key(|(_, shift)| shift.id.as_str());
    let page = request.cut(found.into_iter(), |(_, shift)| shift.id.as_str().to_owned());
    let item = |(lb, shift): (&Arc<LoadBalancer>, &ZonalShift)| {
        shape::summary(&arns.of_load_balancer(lb), shift)
    };
    let items: Vec<Value> = page.items.into_iter().map(item).collect();
    Ok(listed(items, call.next_token(page.last)))
}

pub(super) fn list_managed_resources(call: &Call<'_>) -> Result<Value, Fault> {
    let input = call.input();
    let request = call.page(&input, "")?;
    let ready = call.ready(&input)?;

    let arns = Arns(ready.registry().view(call.caller()));
    let mut found: Vec<_> = arns.0.load_balancers().filter(|lb| is_managed(lb)).collect();
    found.sort_by_key(|lb| arns.of_load_balancer(lb));
    let page = request.cut(found.into_iter(), |lb| arns.of_load_balancer(lb));
    let item = |lb: &Arc<LoadBalancer>| {
        let mut item = shape::resource(&arns.of_load_balancer(lb), lb);
        let zones: Vec<&str> = lb.subnets.keys().map(|zone| zone.as_str()).collect();
        item.insert("availabilityZones".into(), json!(zones));
        Value::Object(item)
    };
    let items: Vec<Value> = page.items.into_iter().map(item).collect();
    Ok(listed(items, call.next_token(page.last)))
}

pub(super) fn get_managed_resource(call: &Call<'_>) -> Result<Value, Fault> {
    let input = call.input();
    let arn = input.required_text(RESOURCE)?;
    let ready = call.ready(&input)?;

    let lb = Arns(ready.registry().view(call.caller())).load_balancer(arn)?;
    if !is_managed(lb) {
        let message = "The resource is not managed: zonal_shift.config.enabled is false.";
        return Err(fault::not_found(message));
    }
    Ok(Value::Object(shape::resource(arn, lb)))
}

fn is_managed(lb: &LoadBalancer) -> bool {
    lb.attributes.zonal_shift
}

fn listed(items: Vec<Value>, next_token: Option<String>) -> Value {
    let mut answer = json!({ "items": items });
    if let Some(token) = next_token {
        answer["nextToken"] = token.into();
    }
    answer
}

fn shift_id(input: &Input<'_>) -> Result<ZonalShiftId, Fault> {
    input.required_text(SHIFT).map(ZonalShiftId::from)
}

fn expires_in(input: &Input<'_>) -> Result<Option<Duration>, Fault> {
    let Some(text) = input.text("expiresIn")? else { return Ok(None) };
    length(text).map(Some).ok_or_else(|| {
        let message = "expiresIn must be a number of minutes or hours such as 30m or 4h";
        fault::invalid(message, "InvalidExpiresIn")
    })
}

/// A zone by its id, as the API has it, or by the caller's name for it.
fn zone(view: View<'_>, text: &str) -> Result<ZoneRef, Fault> {
    let invalid = || fault::invalid("awayFrom must be an Availability Zone", "InvalidAz");
    let is_id = view.settings().zones.iter().any(|zone| zone.id.as_str() == text);
    if is_id {
        return text.parse().map(ZoneRef::Id).map_err(|_| invalid());
    }
    text.parse().map(ZoneRef::Name).map_err(|_| invalid())
}
