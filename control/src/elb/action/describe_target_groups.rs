//! `DescribeTargetGroups`: lists the caller's target groups.

use crate::{
    api::Call,
    elb::{arns::Arns, page, shape::target_group::write},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let wanted = input.texts("TargetGroupArns")?;
    let names = input.texts("Names")?;
    let used_by = input.text("LoadBalancerArn")?;
    let request = call.page(&input, "")?;
    let ready = call.ready(&input)?;

    let arns = Arns(ready.registry().view(call.caller()));
    let missing = || Fault::new("TargetGroupNotFound", "One or more target groups not found");
    let mut found: Vec<_> = if !wanted.is_empty() {
        wanted.iter().map(|arn| arns.target_group(arn)).collect::<Result<_, _>>()?
    } else if names.is_empty() {
        arns.0.target_groups().collect()
    } else {
        page::named(arns.0.target_groups(), &names, |group| &group.name, missing)?
    };
    if let Some(arn) = used_by {
        let id = arns.load_balancer(arn)?.id;
        found.retain(|group| arns.0.load_balancers_of(group.id).iter().any(|lb| lb.id == id));
    }
    let key = |group: &_| arns.of_target_group(group);
    Ok(page::write(call, &request, "TargetGroups", found, key, |xml, it| write(xml, arns, it)))
}
