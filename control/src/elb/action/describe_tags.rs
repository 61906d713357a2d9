//! `DescribeTags`: lists the tags of load balancers, listeners and target groups.

use control_core::{Tags, describe::View, resource::ResourceId};

use crate::{
    api::Call,
    elb::{arns::Arns, tag},
    query::{Fault, Xml},
};

/// Resources of one request (API reference).
const RESOURCES_MAX: usize = 20;

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let wanted = input.required_texts("ResourceArns")?;
    if wanted.len() > RESOURCES_MAX {
        let message = format!("At most {RESOURCES_MAX} resources may be specified.");
        return Err(Fault::new("ValidationError", message));
    }
    let ready = call.ready(&input)?;

    let arns = Arns(ready.registry().view(call.caller()));
    let mut found = Vec::with_capacity(wanted.len());
    for arn in wanted {
        let id = arns.any(arn)?;
        found.push((arn, tags(arns.0, id).cloned().unwrap_or_default()));
    }
    let mut xml = Xml::new();
    xml.list("TagDescriptions", "member", found, |xml, (arn, tags)| {
        xml.text("ResourceArn", arn);
        tag::write(xml, &tags);
    });
    Ok(xml)
}

fn tags(view: View<'_>, id: ResourceId) -> Option<&Tags> {
    match id {
        ResourceId::LoadBalancer(id) => view.load_balancer(id).ok().map(|lb| &lb.tags),
        ResourceId::Listener(id) => view.listener(id).ok().map(|listener| &listener.tags),
        ResourceId::TargetGroup(id) => view.target_group(id).ok().map(|group| &group.tags),
        ResourceId::Vpc(_)
        | ResourceId::Subnet(_)
        | ResourceId::Service(_)
        | ResourceId::Notification(_)
        | ResourceId::Permission(_)
        | ResourceId::Endpoint(_)
        | ResourceId::Interface(_)
        | ResourceId::RouteTable(_)
        | ResourceId::SecurityGroup(_)
        | ResourceId::SecurityGroupRule(_) => None,
    }
}
