//! An Availability Zone as EC2 shows it.

use control_core::{Zone, describe::View};
use model::{RegionName, ZoneId};

use super::super::describe::Listed;
use crate::query::{Subject, Xml};

/// A zone by the caller's name for it; by its id, if the operator has since taken the zone away.
pub(in crate::ec2) fn name(view: View<'_>, zone: &ZoneId) -> String {
    view.settings()
        .zone_name(&view.caller().account, zone)
        .map_or_else(|| zone.to_string(), ToString::to_string)
}

/// A zone of the Region.
pub(in crate::ec2) struct ZoneView {
    /// The zone, by name and id.
    pub(in crate::ec2) zone: Zone,
    region: RegionName,
}

impl Subject for ZoneView {
    fn values(&self, filter: &str) -> Vec<String> {
        vec![match filter {
            "group-name" | "region-name" => self.region.to_string(),
            "opt-in-status" => "opt-in-not-required".into(),
            "state" => "available".into(),
            "zone-id" => self.zone.id.to_string(),
            "zone-name" => self.zone.name.to_string(),
            "zone-type" => "availability-zone".into(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }
}

impl Listed for ZoneView {
    const FILTERS: &[&str] = &[
        "group-name",
        "opt-in-status",
        "region-name",
        "state",
        "zone-id",
        "zone-name",
        "zone-type",
    ];
    const SET: &str = "availabilityZoneInfo";

    fn key(&self) -> String {
        self.zone.name.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        let region = &view.settings().region;
        view.zones().map(|zone| Self { zone, region: region.clone() }).collect()
    }

    fn write(&self, xml: &mut Xml) {
        xml.text("optInStatus", "opt-in-not-required");
        xml.values("messageSet", "item", [""; 0]);
        xml.value("regionName", &self.region);
        xml.value("zoneName", &self.zone.name);
        xml.value("zoneId", &self.zone.id);
        xml.value("groupName", &self.region);
        xml.value("networkBorderGroup", &self.region);
        xml.text("zoneType", "availability-zone");
        xml.text("zoneState", "available");
    }
}
