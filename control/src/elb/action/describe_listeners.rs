//! `DescribeListeners`: lists the listeners of a load balancer, or those asked for.

use crate::{
    api::Call,
    elb::{arns::Arns, page, shape::listener::write},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let of = input.text("LoadBalancerArn")?;
    let wanted = input.texts("ListenerArns")?;
    let request = call.page(&input, "")?;
    let ready = call.ready(&input)?;

    let arns = Arns(ready.registry().view(call.caller()));
    let found = match (of, &wanted[..]) {
        (Some(arn), []) => arns.0.listeners_of(arns.load_balancer(arn)?.id).collect(),
        (None, [_, ..]) => {
            wanted.iter().map(|arn| arns.listener(arn)).collect::<Result<_, _>>()?
        }
        _ => {
            let message = "Either LoadBalancerArn or ListenerArns must be specified.";
            return Err(Fault::new("ValidationError", message));
        }
    };
    let key = |listener: &_| arns.of_listener(listener);
    Ok(page::write(call, &request, "Listeners", found, key, |xml, it| write(xml, arns, it)))
}
