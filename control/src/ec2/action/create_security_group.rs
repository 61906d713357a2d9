//! `CreateSecurityGroup`: makes a group of rules for interfaces of a VPC.

use control_core::{Command, Outcome, command::CreateSecurityGroup, resource::ResourceKind};

use crate::{
    api::Call,
    ec2::{id::parse_id, shape::security_group::SecurityGroupView, tag},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let name = input.required_text("GroupName")?;
    let description = input.required_text("GroupDescription")?.to_owned();
    // AWS means the default VPC if none is named; here no VPC is the default one.
    let vpc = input.text("VpcId")?.ok_or_else(|| {
        Fault::new("VPCIdNotSpecified", "No default VPC for this user; VpcId must be specified")
    })?;
    let vpc = parse_id(vpc)?;
    let tags = tag::specification(&input, ResourceKind::SecurityGroup)?;
    let change = call.change(&input)?;

    let create = CreateSecurityGroup { vpc, name: name.into(), description, tags };
    let made = call.make(change, Command::CreateSecurityGroup(create)).await?;
    let Outcome::SecurityGroup(group) = made else { return Err(Fault::internal()) };
    let registry = call.registry();
    let arn = SecurityGroupView::new(registry.view(call.caller()), &group).arn();
    let mut xml = Xml::yes();
    xml.value("groupId", group.id);
    tag::write(&mut xml, &group.tags);
    xml.text("securityGroupArn", arn);
    Ok(xml)
}
