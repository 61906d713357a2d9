//! `DeleteSecurityGroup`: removes a group that nothing carries or names.

use control_core::Command;
use model::SecurityGroupId;

use crate::{
    api::Call,
    ec2::id::required_id,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    // Names mean groups of the default VPC, and here no VPC is that.
    input.refuse(&["GroupName"])?;
    let group: SecurityGroupId = required_id(&input, "GroupId")?;
    let change = call.change(&input)?;
    call.make(change, Command::DeleteSecurityGroup { group }).await?;
    let mut xml = Xml::yes();
    xml.value("groupId", group);
    Ok(xml)
}
