//! `DescribeTags`.

use control_core::{Registry, resource::ResourceId, tag::Tags};

use crate::{
    api::Call,
    elb::arn::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn_texts = input.required_texts("ResourceArns")?;
    let ready = call.ready(&input)?;
    let registry = ready.registry();
    let arns = Arns::new(registry, &call.caller().account);
    let mut found = Vec::new();
    for arn in arn_texts {
        found.push((arn, tags_of(registry, arns.tagged(arn)?)));
    }
    let mut xml = Xml::new();
    xml.list("TagDescriptions", "member", found, |xml, (arn, tags)| {
        xml.text("ResourceArn", arn);
        let tags = tags.iter().flat_map(|tags| tags.iter());
        xml.list("Tags", "member", tags, |xml, (key, value)| {
            xml.text("Key", key);
            xml.text("Value", value);
        });
    });
    Ok(xml)
}

fn tags_of(registry: &Registry, resource: ResourceId) -> Option<&Tags> {
    match resource {
        ResourceId::LoadBalancer(id) => registry.load_balancer(id).map(|lb| &lb.tags),
        ResourceId::Listener(id) => registry.listener(id).map(|listener| &listener.tags),
        ResourceId::TargetGroup(id) => registry.target_group(id).map(|group| &group.tags),
        _ => None,
    }
}
