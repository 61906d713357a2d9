//! `DeleteLoadBalancer`: removes a load balancer and its listeners.

use control_core::Command;

use crate::{
    api::Call,
    elb::arns::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("LoadBalancerArn")?;
    let change = call.change(&input)?;
    let registry = call.registry();
    match Arns(registry.view(call.caller())).load_balancer(arn) {
        Ok(lb) => {
            let load_balancer = lb.id;
            call.make(change, Command::DeleteLoadBalancer { load_balancer }).await?;
        }
        // "If the load balancer does not exist or has already been deleted, the call succeeds."
        Err(fault) if fault.code == "LoadBalancerNotFound" => {}
        Err(fault) => return Err(fault),
    }
    Ok(Xml::new())
}
