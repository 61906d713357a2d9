//! The Regions that a service is offered in (guide: "Cross-Region access", considerations). There
//! is one Region here, so the others are kept and shown, under the rules that AWS has for them.

use std::collections::BTreeSet;

use model::RegionName;

use super::Desk;
use crate::{
    refusal::Refusal,
    resource::{EndpointService, listener::IDLE_TIMEOUT_S_DEFAULT},
};

/// Zones without cross-Region access (guide: "Cross-Region access", considerations).
const ZONES_WITHOUT: &[&str] = &["use1-az3", "usw1-az2", "apne1-az3", "apne2-az2", "apne2-az4"];

/// The other Regions of a service after a change.
pub(super) fn changed(
    desk: &Desk<'_>,
    old: Option<&EndpointService>,
    add: &BTreeSet<RegionName>,
    remove: &BTreeSet<RegionName>,
) -> Result<BTreeSet<RegionName>, Refusal> {
    let settings = desk.settings();
    let mut others = old.map(|old| old.other_regions.clone()).unwrap_or_default();
    for region in remove {
        if *region == settings.region {
            return Err(Refusal::RegionIsHost(region.clone()));
        }
        if !others.remove(region) {
            let absent = |old: &EndpointService| Refusal::RegionNotInService {
                region: region.clone(),
                service: old.id,
            };
            return Err(old.map_or_else(|| Refusal::RegionUnknown(region.clone()), absent));
        }
    }
    for region in add.iter().filter(|region| **region != settings.region) {
        if !settings.other_regions.contains(region) {
            return Err(Refusal::RegionUnknown(region.clone()));
        }
        others.insert(region.clone());
    }
    Ok(others)
}

/// Refuses what does not go with cross-Region access.
pub(super) fn check(desk: &Desk<'_>, service: &EndpointService) -> Result<(), Refusal> {
    if service.other_regions.is_empty() {
        return Ok(());
    }
    let zones = service.zones();
    let without = zones.into_iter().find(|zone| ZONES_WITHOUT.contains(&zone.as_str()));
    if let Some(zone) = without {
        return Err(Refusal::RegionZone(zone.clone()));
    }
    let listeners = service.load_balancers.keys().flat_map(|id| desk.registry.listeners_of(*id));
    let mut own = listeners.filter(|it| it.idle_timeout_s != IDLE_TIMEOUT_S_DEFAULT);
    own.next().map_or(Ok(()), |listener| Err(Refusal::RegionIdleTimeout(listener.id)))
}
