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
    let is = |zone: &ZoneView, asked: &str| {
        zone.zone.name.as_str() == asked || zone.zone.id.as_str() == asked
    };
    let asked: Vec<&str> = names.into_iter().chain(ids).collect();
    if let Some(unknown) = asked.iter().find(|asked| !zones.iter().any(|zone| is(zone, asked))) {
        let message = format!("Invalid availability zone: [{}]", quoted(unknown));
        return Err(Fault::new("InvalidParameterValue", message));
    }
    zones.retain(|zone| {
        let wanted = asked.is_empty() || asked.iter().any(|asked| is(zone, asked));
        wanted && filters.admit(zone)
    });
    let mut xml = Xml::new();
    xml.list(ZoneView::SET, "item", &zones, |xml, zone| zone.write(xml));
    Ok(xml)
}
