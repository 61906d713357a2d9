//! `DescribeVpcEndpointServices`: lists the services that the caller may connect to. A service that
//! does not admit it does not exist.

use control_core::{Refusal, resource::ServiceName};

use crate::{
    api::Call,
    ec2::{
        describe::{Listed, Listing},
        shape::service_detail::ServiceDetailView,
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let names = input.texts("ServiceName")?;
    let regions = input.texts("ServiceRegion")?;
    let listing = Listing::read::<ServiceDetailView>(call, &input, "ServiceName")?;
    let ready = call.ready(&input)?;

    let view = ready.registry().view(call.caller());
    let mut services = if names.is_empty() {
        ServiceDetailView::all(view)
    } else {
        let named = |name: &str| view.services_named(&ServiceName(name.to_owned()));
        let found: Result<Vec<_>, Refusal> = names.into_iter().map(named).collect();
        let mut found = found.map_err(|refusal| call.fault(&refusal))?.concat();
        found.sort_by_key(|service| service.id);
        found.dedup_by_key(|service| service.id);
        found.into_iter().map(|service| ServiceDetailView::new(view, service)).collect()
    };
    if !regions.is_empty() && !regions.contains(&view.settings().region.as_str()) {
        services.clear();
    }
    let (services, token) = listing.cut(call, services);
    let mut xml = Xml::new();
    xml.values("serviceNameSet", "item", services.iter().map(ServiceDetailView::name));
    xml.list(ServiceDetailView::SET, "item", &services, |xml, service| service.write(xml));
    xml.option("nextToken", token);
    Ok(xml)
}
