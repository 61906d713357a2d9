//! `StartVpcEndpointServicePrivateDnsVerification`: has the TXT record looked up that proves a
//! domain.

use control_core::Command;

use crate::{
    api::Call,
    ec2::id::required_id,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let service = required_id(&input, "ServiceId")?;
    let change = call.change(&input)?;
    call.make(change, Command::StartDomainVerification { service }).await?;
    Ok(Xml::yes())
}
