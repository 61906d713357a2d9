//! `ModifyLoadBalancerAttributes`: changes attributes of a load balancer.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        attribute::{
            self,
            load_balancer::{all, read},
        },
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let load_balancer = arns.load_balancer(input.required_text("LoadBalancerArn")?)?.id;
    let attributes = attribute::read(&input, read)?;
    let change = call.change(&input)?;

    let command = Command::ModifyLoadBalancerAttributes { load_balancer, attributes };
    let Outcome::LoadBalancer(found) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    Ok(attribute::write(all(&found.attributes)))
}
