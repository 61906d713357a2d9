//! `CreateVpcEndpointConnectionNotification`: asks to be told of connections to a service of the
//! caller's, or of one endpoint's.

use control_core::{Command, Outcome, command::CreateNotification, resource::NotificationScope};

use crate::{
    api::Call,
    ec2::{
        describe::Listed,
        id::parse_id,
        shape::notification::{NotificationView, events},
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let scope = match (input.text("ServiceId")?, input.text("VpcEndpointId")?) {
        (Some(service), None) => NotificationScope::Service(parse_id(service)?),
        (None, Some(endpoint)) => NotificationScope::Endpoint(parse_id(endpoint)?),
        (None, None) => return Err(Fault::missing_parameter("ServiceId or VpcEndpointId")),
        (Some(_), Some(_)) => {
            let message = "ServiceId and VpcEndpointId exclude each other.";
            return Err(Fault::invalid_combination(message));
        }
    };
    let token = input.text("ClientToken")?;
    let events = events(&input)?;
    if events.is_empty() {
        return Err(Fault::missing_parameter("ConnectionEvents"));
    }
    let command = Command::CreateNotification(CreateNotification {
        scope,
        topic: input.required("ConnectionNotificationArn", "the ARN of an SNS topic")?,
        events,
        client_token: token.map(Into::into),
    });
    let change = call.change(&input)?;

    let Outcome::Notification(notification) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let registry = call.registry();
    let notification = NotificationView::new(registry.view(call.caller()), &notification);
    let mut xml = Xml::new();
    xml.element("connectionNotification", |xml| notification.write(xml));
    xml.option("clientToken", token);
    Ok(xml)
}
