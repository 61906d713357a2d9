//! `DescribeTargetGroups`: all of the caller's, those named, or those of a load balancer.

use std::sync::Arc;

use control_core::{
    Registry,
    resource::{ResourceId, ResourceKind, TargetGroup},
};

use crate::{
    api::Call,
    elb::{
        arn::Arns,
        code,
        shape::{self, target_group::load_balancers_of},
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let load_balancer = input.text("LoadBalancerArn")?;
    let arn_texts = input.texts("TargetGroupArns")?;
    let names = input.texts("Names")?;
    let page = call.page(&input, "")?;
    let ready = call.ready(&input)?;
    let registry = ready.registry();
    let account = &call.caller().account;
    let arns = Arns::new(registry, account);
    let mut found = Vec::new();
    for arn in &arn_texts {
        found.push(arns.target_group(arn)?);
    }
    for name in &names {
        let id = registry.named(account, ResourceKind::TargetGroup, &Arc::from(*name));
        let found_one = id.and_then(|id| of_id(registry, id));
        found.push(found_one.ok_or_else(|| code::target_group_not_found(name))?);
    }
    if arn_texts.is_empty() && names.is_empty() {
        let owned = registry.owned(account, ResourceKind::TargetGroup);
        found.extend(owned.filter_map(|id| of_id(registry, id)));
    }
    if let Some(arn) = load_balancer {
        let lb = arns.load_balancer(arn)?.id;
        found.retain(|group| load_balancers_of(registry, group.id).contains(&lb));
    }
    let page = page.cut(found.into_iter(), |group| group.id.to_string());
    let mut xml = Xml::new();
    let shown = page.items.iter().map(|group| &***group);
    shape::target_group::write_all(&mut xml, registry, call.caller(), shown);
    xml.option("NextMarker", call.next_token(page.last));
    Ok(xml)
}

fn of_id(registry: &Registry, id: ResourceId) -> Option<&Arc<TargetGroup>> {
    match id {
        ResourceId::TargetGroup(id) => registry.target_group(id),
        _ => None,
    }
}
