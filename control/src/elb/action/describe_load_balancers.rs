//! `DescribeLoadBalancers`: lists the caller's load balancers.

use crate::{
    api::Call,
    elb::{arns::Arns, page, shape::load_balancer::write},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let wanted = input.texts("LoadBalancerArns")?;
    let names = input.texts("Names")?;
    let request = call.page(&input, "")?;
    let ready = call.ready(&input)?;

    let arns = Arns(ready.registry().view(call.caller()));
    let missing =
        || Fault::new("LoadBalancerNotFound", "One or more load balancers not found");
    let found = if !wanted.is_empty() {
        wanted.iter().map(|arn| arns.load_balancer(arn)).collect::<Result<_, _>>()?
    } else if names.is_empty() {
        arns.0.load_balancers().collect()
    } else {
        page::named(arns.0.load_balancers(), &names, |lb| &lb.name, missing)?
    };
    let key = |lb: &_| arns.of_load_balancer(lb);
    Ok(page::write(call, &request, "LoadBalancers", found, key, |xml, lb| write(xml, arns, lb)))
}
