//! `DeleteSubnet`: removes an empty part of a network.

use control_core::Command;

use crate::{
    api::Call,
    ec2::id::required_id,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let subnet = required_id(&input, "SubnetId")?;
    let change = call.change(&input)?;
    call.make(change, Command::DeleteSubnet { subnet }).await?;
    Ok(Xml::yes())
}
