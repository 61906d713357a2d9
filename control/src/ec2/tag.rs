//! Tags on EC2's wire: which resources they are for, how they come in and go out.

use control_core::{
    Tags,
    resource::{ResourceId, ResourceKind},
};
use model::{
    InterfaceId, PermissionId, RouteTableId, SecurityGroupId, SecurityGroupRuleId, ServiceId,
    SubnetId, VpcEndpointId, VpcId,
};

use super::id::parse_id;
use crate::query::{Fault, Input, Xml, fault::quoted};

/// The resource types that tags are for, as EC2 names them.
const TYPES: [(ResourceKind, &str); 9] = [
    (ResourceKind::RouteTable, "route-table"),
    (ResourceKind::SecurityGroup, "security-group"),
    (ResourceKind::SecurityGroupRule, "security-group-rule"),
    (ResourceKind::Interface, "network-interface"),
    (ResourceKind::Subnet, "subnet"),
    (ResourceKind::Vpc, "vpc"),
    (ResourceKind::Endpoint, "vpc-endpoint"),
    (ResourceKind::Service, "vpc-endpoint-service"),
    (ResourceKind::Permission, "vpc-endpoint-service-permission"),
];

/// EC2's name for a kind; load balancing has no name for its own here.
pub(super) fn type_name(kind: ResourceKind) -> Option<&'static str> {
    TYPES.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
}

/// Reads `TagSpecification.N`, all of which must be for the resource that is being made.
pub(super) fn specification(input: &Input<'_>, kind: ResourceKind) -> Result<Tags, Fault> {
    let mut tags = Tags::none();
    for specification in input.structures("TagSpecification") {
        let name = specification.required_text("ResourceType")?;
        if type_name(kind) != Some(name) {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!(
                    "'{}' is not a valid taggable resource type for this operation.",
                    quoted(name)
                ),
            ));
        }
        for tag in specification.structures("Tag") {
            add(&mut tags, &tag)?;
        }
    }
    Ok(tags)
}

/// Reads `Tag.N` of `CreateTags`.
pub(super) fn tags(input: &Input<'_>) -> Result<Tags, Fault> {
    let mut tags = Tags::none();
    for tag in input.structures("Tag") {
        add(&mut tags, &tag)?;
    }
    if tags.is_empty() { Err(Fault::missing_parameter("Tag")) } else { Ok(tags) }
}

fn add(tags: &mut Tags, tag: &Input<'_>) -> Result<(), Fault> {
    let key = tag.required_text("Key")?;
    let value = tag.text("Value")?.unwrap_or_default();
    match tags.0.insert(key.to_owned(), value.to_owned()) {
        None => Ok(()),
        Some(_) => Err(Fault::new(
            "InvalidParameterValue",
            format!("Duplicate tag key '{}' specified.", quoted(key)),
        )),
    }
}

/// Reads the id of something that can be tagged.
pub(super) fn resource_id(text: &str) -> Result<ResourceId, Fault> {
    // The longer prefixes first: an endpoint's is the start of a service's.
    if text.starts_with(PermissionId::PREFIX) {
        let id: Result<PermissionId, _> = text.parse();
        return id.map(ResourceId::from).map_err(|_| invalid(text));
    }
    if text.starts_with(ServiceId::PREFIX) {
        return parse_id::<ServiceId>(text).map(ResourceId::from);
    }
    if text.starts_with(VpcEndpointId::PREFIX) {
        return parse_id::<VpcEndpointId>(text).map(ResourceId::from);
    }
    if text.starts_with(VpcId::PREFIX) {
        return parse_id::<VpcId>(text).map(ResourceId::from);
    }
    if text.starts_with(SubnetId::PREFIX) {
        return parse_id::<SubnetId>(text).map(ResourceId::from);
    }
    if text.starts_with(InterfaceId::PREFIX) {
        return parse_id::<InterfaceId>(text).map(ResourceId::from);
    }
    if text.starts_with(RouteTableId::PREFIX) {
        return parse_id::<RouteTableId>(text).map(ResourceId::from);
    }
    if text.starts_with(SecurityGroupId::PREFIX) {
        return parse_id::<SecurityGroupId>(text).map(ResourceId::from);
    }
    if text.starts_with(SecurityGroupRuleId::PREFIX) {
        return parse_id::<SecurityGroupRuleId>(text).map(ResourceId::from);
    }
    Err(invalid(text))
}

fn invalid(text: &str) -> Fault {
    Fault::new("InvalidID", format!("The ID '{}' is not valid", quoted(text)))
}

/// Writes `tagSet`.
pub(super) fn write(xml: &mut Xml, tags: &Tags) {
    xml.list("tagSet", "item", tags.iter(), |xml, (key, value)| {
        xml.text("key", key);
        xml.text("value", value);
    });
}

/// Tags as filters look at them.
pub(super) fn pairs(tags: &Tags) -> Vec<(&str, &str)> {
    tags.iter().collect()
}
