//! `ModifyCapacityReservation`: takes back what is reserved, which is nothing. A gateway has the
//! capacity of its machine, so that none can be reserved.

use super::describe_capacity_reservation::nothing_reserved;
use crate::{
    api::Call,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["MinimumLoadBalancerCapacity"])?;
    if input.boolean("ResetCapacityReservation")? != Some(true) {
        return Err(Fault::missing_parameter("ResetCapacityReservation"));
    }
    nothing_reserved(call, &input)
}
