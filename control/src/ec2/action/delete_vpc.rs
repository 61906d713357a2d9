//! `DeleteVpc`: removes an empty network.

use control_core::Command;

use crate::{
    api::Call,
    ec2::id::required_id,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let vpc = required_id(&input, "VpcId")?;
    let change = call.change(&input)?;
    call.make(change, Command::DeleteVpc { vpc }).await?;
    Ok(Xml::yes())
}
