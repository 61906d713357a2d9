//! `DescribeLoadBalancerAttributes`: lists the attributes of a load balancer.

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        attribute::{self, load_balancer::all},
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("LoadBalancerArn")?;
    let ready = call.ready(&input)?;
    let found = Arns(ready.registry().view(call.caller())).load_balancer(arn)?;
    Ok(attribute::write(all(&found.attributes)))
}
