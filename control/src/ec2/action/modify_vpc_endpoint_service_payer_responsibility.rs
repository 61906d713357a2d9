//! `ModifyVpcEndpointServicePayerResponsibility`: has a service's owner pay for its endpoints.

use control_core::Command;

use crate::{
    api::Call,
    ec2::{id::required_id, shape::payer},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let service = required_id(&input, "ServiceId")?;
    input
        .choice("PayerResponsibility", &[(payer::OF_SERVICE, ())])?
        .ok_or_else(|| Fault::missing_parameter("PayerResponsibility"))?;
    let change = call.change(&input)?;
    call.make(change, Command::TakeServiceCharges { service }).await?;
    Ok(Xml::yes())
}
