//! `ModifyLoadBalancerAttributes`: all of them, or none.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{arn::Arns, attribute, code},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("LoadBalancerArn")?;
    let attributes = attribute::read(&input, attribute::of_load_balancer)?;
    let ready = call.ready(&input)?;
    let load_balancer = Arns::new(ready.registry(), &call.caller().account).load_balancer(arn)?.id;
    let modify = Command::ModifyLoadBalancerAttributes { load_balancer, attributes };
    let outcome = call.make_each(&ready, modify).await?;
    let Outcome::LoadBalancer(lb) = outcome else { return Err(code::unexpected(&outcome)) };
    let mut xml = Xml::new();
    attribute::write(&mut xml, attribute::load_balancer_pairs(&lb.attributes));
    Ok(xml)
}
