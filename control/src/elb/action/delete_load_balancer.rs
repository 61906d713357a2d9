//! `DeleteLoadBalancer`: with its listeners. One that is not there is as good as deleted.

use control_core::Command;

use crate::{
    api::Call,
    elb::arn::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("LoadBalancerArn")?;
    let ready = call.ready(&input)?;
    match Arns::new(ready.registry(), &call.caller().account).load_balancer(arn) {
        Ok(lb) => {
            let delete = Command::DeleteLoadBalancer { load_balancer: lb.id };
            call.make_each(&ready, delete).await?;
        }
        Err(fault) if fault.code == "LoadBalancerNotFound" => {}
        Err(fault) => return Err(fault),
    }
    Ok(Xml::new())
}
