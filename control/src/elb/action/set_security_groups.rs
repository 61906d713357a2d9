//! `SetSecurityGroups`: gives a load balancer other security groups, and says whether they count
//! for connections through endpoints.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{arns::Arns, group, shape::load_balancer::write_enforcement},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let load_balancer = arns.load_balancer(input.required_text("LoadBalancerArn")?)?.id;
    let groups = group::read(&input)?;
    let enforce_on_endpoints = input.choice(group::ENFORCEMENT, &group::ON_OR_OFF)?;
    let change = call.change(&input)?;

    let command = Command::SetSecurityGroups { load_balancer, groups, enforce_on_endpoints };
    let Outcome::LoadBalancer(found) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    xml.values("SecurityGroupIds", "member", &found.security_groups);
    write_enforcement(&mut xml, &found);
    Ok(xml)
}
