//! `DescribeCapacityReservation`: says that a load balancer has reserved nothing. Declarative tools
//! ask this of each load balancer that they look at.

use crate::{
    api::Call,
    elb::arns::Arns,
    query::{Fault, Input, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    nothing_reserved(call, &call.input())
}

/// The answer for the load balancer that is named: no minimum, and no zone where one is
/// provisioned.
pub(super) fn nothing_reserved(call: &Call<'_>, input: &Input<'_>) -> Result<Xml, Fault> {
    let arn = input.required_text("LoadBalancerArn")?;
    let ready = call.ready(input)?;
    Arns(ready.registry().view(call.caller())).load_balancer(arn)?;
    let mut xml = Xml::new();
    xml.values("CapacityReservationState", "member", std::iter::empty::<&str>());
    Ok(xml)
}
