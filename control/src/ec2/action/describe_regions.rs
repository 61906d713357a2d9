//! `DescribeRegions`: lists the one Region. Has no pages.

use crate::{
    api::Call,
    ec2::{describe::Listed, shape::region::RegionView},
    query::{Fault, Filters, Xml, fault::quoted},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let names = input.texts("RegionName")?;
    input.boolean("AllRegions")?;
    let filters = Filters::read(&input, RegionView::FILTERS)?;
    let ready = call.ready(&input)?;

    let mut regions = RegionView::all(ready.registry().view(call.caller()));
    let is = |region: &RegionView, asked: &str| region.key() == asked;
    if let Some(unknown) = names.iter().find(|asked| !regions.iter().any(|it| is(it, asked))) {
        let message = format!("Invalid region names provided: [{}]", quoted(unknown));
        return Err(Fault::new("InvalidParameterValue", message));
    }
    regions.retain(|region| filters.admit(region));
    let mut xml = Xml::new();
    xml.list(RegionView::SET, "item", &regions, |xml, region| region.write(xml));
    Ok(xml)
}
