//! `DescribeListeners`: of a load balancer, or those named.

use control_core::resource::{ResourceId, ResourceKind};

use crate::{
    api::Call,
    elb::{arn::Arns, shape},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let load_balancer = input.text("LoadBalancerArn")?;
    let arn_texts = input.texts("ListenerArns")?;
    let page = call.page(&input, "")?;
    let ready = call.ready(&input)?;
    let registry = ready.registry();
    let arns = Arns::new(registry, &call.caller().account);
    let mut found = Vec::new();
    match (load_balancer, arn_texts.is_empty()) {
        (Some(arn), true) => {
            let lb = arns.load_balancer(arn)?.id;
            let listeners = registry.referrers(lb, ResourceKind::Listener);
            found.extend(listeners.filter_map(|id| match id {
                ResourceId::Listener(id) => registry.listener(id),
                _ => None,
            }));
        }
        (None, false) => {
            for arn in &arn_texts {
                found.push(arns.listener(arn)?);
            }
        }
        _ => {
            let message = "Specify either a load balancer or listeners";
            return Err(Fault::new("ValidationError", message));
        }
    }
    let page = page.cut(found.into_iter(), |listener| listener.id.to_string());
    let mut xml = Xml::new();
    let shown = page.items.iter().map(|listener| &***listener);
    shape::listener::write_all(&mut xml, registry, call.caller(), shown);
    xml.option("NextMarker", call.next_token(page.last));
    Ok(xml)
}
