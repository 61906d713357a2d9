//! `DescribeAvailabilityZones`: lists the Region's zones. Has no pages.

use crate::{
    api::Call,
    ec2::{
        describe::Listed,
        shape::zone::ZoneView,
    },
    query::{Fault, Filters, Xml, fault::quoted},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let names = input.texts("ZoneName")?;
    let ids = input.texts("ZoneId")?;
    input.boolean("AllAvailabilityZones")?;
    let filters = Filters::read(&input, ZoneView::FILTERS)?;
    let ready = call.ready(&input)?;

    let mut zones = ZoneView::all(ready.registry().view(call.caller()));
    for asked in names.iter().chain(&ids) {
        let is = |zone: &ZoneView| zone.zone.name.as_str() == *asked || zone.zone.id.as_str() == *asked;
        if !zones.iter().any(is) {
            let message = format!("Invalid availability zone: [{}]", quoted(asked));
            return Err(Fault::new("InvalidParameterValue", message));
        }
    }
    let all = names.is_empty() && ids.is_empty();
    zones.retain(|zone| {
        let name = names.contains(&zone.zone.name.as_str());
        (all || name || ids.contains(&zone.zone.id.as_str())) && filters.admit(zone)
    });
    let mut xml = Xml::new();
    xml.list(ZoneView::SET, "item", &zones, |xml, zone| zone.write(xml));
    Ok(xml)
}
