//! `DescribeCapacityReservation`: says that a load balancer has reserved nothing. Declarative tools
//! ask this of each load balancer that they look at.

use crate::{
    api::Call,
    elb::arns::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("LoadBalancerArn")?;
    let ready = call.ready(&input)?;
    Arns(ready.registry().view(call.caller())).load_balancer(arn)?;
    Ok(nothing_reserved())
}

/// The answer: no minimum, and no zone where one is provisioned.
pub(super) fn nothing_reserved() -> Xml {
    let mut xml = Xml::new();
    xml.values("CapacityReservationState", "member", std::iter::empty::<&str>());
    xml
}
