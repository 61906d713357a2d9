//! Zonal shifts: a zone of a load balancer leaves DNS until its owner says otherwise, or the time
//! is over.

use std::{sync::Arc, time::Duration};

use model::{LoadBalancerId, Timestamp};

use super::{Decision, Desk, load_balancer};
use crate::{
    event::{Change, Event, EventKind},
    refusal::{Refusal, ZonalShiftRefusal},
    resource::{
        LoadBalancer, ZonalShift, ZonalShiftId, ZonalShiftStatus,
        zonal_shift::{COMMENT_CHARS_MAX, DURATION},
    },
    settings::ZoneRef,
};

pub(super) fn start(
    desk: &mut Desk<'_>,
    id: LoadBalancerId,
    zone: &ZoneRef,
    expires_in: Duration,
    comment: &Arc<str>,
) -> Result<Decision, Refusal> {
    let old = desk.view().load_balancer(id)?;
    if !old.attributes.zonal_shift {
        return Err(ZonalShiftRefusal::Disabled(id).into());
    }
    let known = desk.settings().zone_id(&desk.caller.account, zone);
    let zone = known.filter(|zone| old.subnets.contains_key(*zone)).cloned();
    let zone = zone.ok_or(ZonalShiftRefusal::Zone { load_balancer: id })?;
    check(Some(expires_in), Some(comment))?;
    if let Some(active) = old.zonal_shift.as_ref().filter(|shift| shift.is_active()) {
        return Err(ZonalShiftRefusal::Exists(active.id.clone()).into());
    }
    let shift = ZonalShift {
        // Nobody has had it: there are more numbers than shifts will ever be.
        id: ZonalShiftId::from_bits(desk.draw.wide()),
        zone,
        started: desk.now,
        expires: desk.now + expires_in,
        status: ZonalShiftStatus::Active,
        comment: Arc::clone(comment),
    };
    Ok(with(desk, old, shift))
}

pub(super) fn update(
    desk: &Desk<'_>,
    id: &ZonalShiftId,
    expires_in: Option<Duration>,
    comment: Option<&Arc<str>>,
) -> Result<Decision, Refusal> {
    let (old, shift) = active(desk, id)?;
    check(expires_in, comment)?;
    let new = ZonalShift {
        expires: expires_in.map_or(shift.expires, |length| desk.now + length),
        comment: Arc::clone(comment.unwrap_or(&shift.comment)),
        ..shift.clone()
    };
    Ok(with(desk, old, new))
}

pub(super) fn cancel(desk: &Desk<'_>, id: &ZonalShiftId) -> Result<Decision, Refusal> {
    let (old, shift) = active(desk, id)?;
    Ok(with(desk, old, ended(shift, ZonalShiftStatus::Canceled, desk.now)))
}

/// The event of a shift whose time is over.
pub(super) fn expire(old: &LoadBalancer, now: Timestamp) -> Option<Event> {
    let shift = old.zonal_shift.as_ref().filter(|shift| shift.is_active())?;
    let shift = Some(ended(shift, ZonalShiftStatus::Expired, shift.expires));
    let new = Arc::new(LoadBalancer { zonal_shift: shift, ..old.clone() });
    let kind = EventKind::LoadBalancerModified(old.id);
    Some(Event { at: now, by: None, kind, changes: vec![Change::Put(new.into())] })
}

/// A shift that does not last any longer.
pub(super) fn ended(shift: &ZonalShift, status: ZonalShiftStatus, at: Timestamp) -> ZonalShift {
    ZonalShift { status, expires: at, ..shift.clone() }
}

/// A shift of the caller's that lasts, and its load balancer.
fn active<'a>(
    desk: &Desk<'a>,
    id: &ZonalShiftId,
) -> Result<(&'a Arc<LoadBalancer>, &'a ZonalShift), Refusal> {
    let mut shifts =
        desk.view().load_balancers().filter_map(|it| Some((it, it.zonal_shift.as_ref()?)));
    let found = shifts.find(|(_, shift)| shift.id == *id);
    let found = found.ok_or_else(|| ZonalShiftRefusal::NotFound(id.clone()))?;
    if found.1.is_active() { Ok(found) } else { Err(ZonalShiftRefusal::Ended(id.clone()).into()) }
}

fn check(expires_in: Option<Duration>, comment: Option<&Arc<str>>) -> Result<(), Refusal> {
    if expires_in.is_some_and(|length| !DURATION.contains(&length)) {
        return Err(ZonalShiftRefusal::Length.into());
    }
    if comment.is_some_and(|comment| comment.chars().count() > COMMENT_CHARS_MAX) {
        return Err(ZonalShiftRefusal::Comment { max: COMMENT_CHARS_MAX }.into());
    }
    Ok(())
}

fn with(desk: &Desk<'_>, old: &Arc<LoadBalancer>, shift: ZonalShift) -> Decision {
    let new = LoadBalancer { zonal_shift: Some(shift), ..LoadBalancer::clone(old) };
    load_balancer::modified(desk, old, new)
}
