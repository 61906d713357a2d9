//! `DescribeLoadBalancers`: all of the caller's, or those named.

use std::sync::Arc;

use control_core::{
    Registry,
    resource::{LoadBalancer, ResourceId, ResourceKind},
};

use crate::{
    api::Call,
    elb::{arn::Arns, code, shape},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn_texts = input.texts("LoadBalancerArns")?;
    let names = input.texts("Names")?;
    let page = call.page(&input, "")?;
    let ready = call.ready(&input)?;
    let registry = ready.registry();
    let account = &call.caller().account;
    let arns = Arns::new(registry, account);
    let mut found = Vec::new();
    for arn in &arn_texts {
        found.push(arns.load_balancer(arn)?);
    }
    for name in &names {
        let id = registry.named(account, ResourceKind::LoadBalancer, &Arc::from(*name));
        let found_one = id.and_then(|id| of_id(registry, id));
        found.push(found_one.ok_or_else(|| code::load_balancer_not_found(name))?);
    }
    if arn_texts.is_empty() && names.is_empty() {
        let owned = registry.owned(account, ResourceKind::LoadBalancer);
        found.extend(owned.filter_map(|id| of_id(registry, id)));
    }
    let page = page.cut(found.into_iter(), |lb| lb.id.to_string());
    let mut xml = Xml::new();
    let shown = page.items.iter().map(|lb| &***lb);
    shape::load_balancer::write_all(&mut xml, registry, call.caller(), shown);
    xml.option("NextMarker", call.next_token(page.last));
    Ok(xml)
}

fn of_id(registry: &Registry, id: ResourceId) -> Option<&Arc<LoadBalancer>> {
    match id {
        ResourceId::LoadBalancer(id) => registry.load_balancer(id),
        _ => None,
    }
}
