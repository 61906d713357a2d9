//! `ModifyVpcEndpointConnectionNotification`: changes of what, or where, the caller is told.

use control_core::{Command, command::ModifyNotification};

use crate::{
    api::Call,
    ec2::{id::required_id, shape::notification::events},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let events = Some(events(&input)?).filter(|events| !events.is_empty());
    let command = Command::ModifyNotification(ModifyNotification {
        notification: required_id(&input, "ConnectionNotificationId")?,
        topic: input.parse("ConnectionNotificationArn", "the ARN of an SNS topic")?,
        events,
    });
    let change = call.change(&input)?;

    call.make(change, command).await?;
    Ok(Xml::yes())
}
