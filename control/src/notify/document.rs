//! What a receiver is sent: the envelope of an SNS notification, our own document in it
//! (docs/notifications.md). AWS's own text is not public.

use control_core::resource::{ConnectionEvent, Message};
use model::RegionName;
use serde_json::json;

use crate::{ec2::event_name, query::xml::iso_8601};

/// The number of our document's form.
const VERSION: u32 = 1;

/// Our document about a message.
pub(super) fn document(message: &Message, region: &RegionName) -> String {
    let event = event_name(message.event);
    let (service, endpoint) = (message.service, message.endpoint);
    let inner = json!({
        "version": VERSION,
        "messageId": message.id.to_string(),
        "event": event,
        "eventTime": iso_8601(message.at),
        "region": region.as_str(),
        "connectionNotificationId": message.notification.to_string(),
        "serviceId": service.to_string(),
        "serviceName": message.service_name.to_string(),
        "vpcEndpointId": endpoint.to_string(),
        "vpcEndpointOwner": message.endpoint_owner.as_str(),
        "vpcEndpointState": message.state.to_string(),
    });
    inner.to_string()
}

/// A line for a reader.
pub(super) fn subject(message: &Message) -> String {
    let (service, endpoint) = (message.service, message.endpoint);
    format!("VPC endpoint {endpoint} of {service}: {}", happened(message.event))
}

/// The envelope of SNS with our document in it.
pub(super) fn envelope(message: &Message, region: &RegionName) -> String {
    let envelope = json!({
        "Type": "Notification",
        "MessageId": message.id.to_string(),
        "TopicArn": message.topic.as_str(),
        "Subject": subject(message),
        "Message": document(message, region),
        "Timestamp": iso_8601(message.at),
    });
    envelope.to_string()
}

fn happened(event: ConnectionEvent) -> &'static str {
    match event {
        ConnectionEvent::Accept => "accepted",
        ConnectionEvent::Connect => "connection requested",
        ConnectionEvent::Delete => "deleted",
        ConnectionEvent::Reject => "rejected",
    }
}
