//! `DescribeLoadBalancerAttributes`.

use crate::{
    api::Call,
    elb::{arn::Arns, attribute},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("LoadBalancerArn")?;
    let ready = call.ready(&input)?;
    let lb = Arns::new(ready.registry(), &call.caller().account).load_balancer(arn)?;
    let mut xml = Xml::new();
    attribute::write(&mut xml, attribute::load_balancer_pairs(&lb.attributes));
    Ok(xml)
}
