//! A connection notification as EC2 shows it.

use std::{collections::BTreeSet, sync::Arc};

use control_core::{
    describe::View,
    resource::{ConnectionEvent, ConnectionNotification, NotificationScope},
};
use model::RegionName;

use super::super::describe::Listed;
use crate::query::{Fault, Input, Subject, Xml};

/// The only kind of receiver, and the only state: one whose topic is gone is not noticed.
const TYPE: &str = "Topic";
const STATE: &str = "Enabled";

/// The events by their names on the wire.
const EVENTS: [(&str, ConnectionEvent); 4] = [
    ("Accept", ConnectionEvent::Accept),
    ("Connect", ConnectionEvent::Connect),
    ("Delete", ConnectionEvent::Delete),
    ("Reject", ConnectionEvent::Reject),
];

/// An event's name on the wire.
pub(crate) fn event_name(event: ConnectionEvent) -> &'static str {
    match event {
        ConnectionEvent::Accept => "Accept",
        ConnectionEvent::Connect => "Connect",
        ConnectionEvent::Delete => "Delete",
        ConnectionEvent::Reject => "Reject",
    }
}

/// Reads `ConnectionEvents.N`.
pub(in crate::ec2) fn events(input: &Input<'_>) -> Result<BTreeSet<ConnectionEvent>, Fault> {
    let name = "ConnectionEvents";
    let event = |text: &str| {
        let found = EVENTS.iter().find(|(name, _)| *name == text).map(|(_, event)| *event);
        found.ok_or_else(|| {
            Fault::invalid_value(name, text, "one of Accept, Connect, Delete, Reject")
        })
    };
    input.texts(name)?.into_iter().map(event).collect()
}

/// A connection notification of the caller.
pub(in crate::ec2) struct NotificationView {
    notification: Arc<ConnectionNotification>,
    region: RegionName,
}

impl NotificationView {
    pub(in crate::ec2) fn new(view: View<'_>, notification: &Arc<ConnectionNotification>) -> Self {
        let region = view.settings().region.clone();
        Self { notification: Arc::clone(notification), region }
    }

    fn scope(&self) -> (&'static str, String) {
        match self.notification.scope {
            NotificationScope::Service(id) => ("serviceId", id.to_string()),
            NotificationScope::Endpoint(id) => ("vpcEndpointId", id.to_string()),
        }
    }
}

impl Subject for NotificationView {
    fn values(&self, filter: &str) -> Vec<String> {
        let (scope, of) = self.scope();
        vec![match filter {
            "connection-notification-arn" => self.notification.topic.to_string(),
            "connection-notification-id" => self.notification.id.to_string(),
            "connection-notification-state" => STATE.into(),
            "connection-notification-type" => TYPE.into(),
            "service-id" if scope == "serviceId" => of,
            "vpc-endpoint-id" if scope == "vpcEndpointId" => of,
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }
}

impl Listed for NotificationView {
    const FILTERS: &[&str] = &[
        "connection-notification-arn",
        "connection-notification-id",
        "connection-notification-state",
        "connection-notification-type",
        "service-id",
        "vpc-endpoint-id",
    ];
    const SET: &str = "connectionNotificationSet";

    fn key(&self) -> String {
        self.notification.id.to_string()
    }

    fn all(view: View<'_>) -> Vec<Self> {
        view.notifications().map(|notification| Self::new(view, notification)).collect()
    }

    fn write(&self, xml: &mut Xml) {
        let (scope, of) = self.scope();
        xml.value("connectionNotificationId", self.notification.id);
        xml.text(scope, &of);
        xml.text("connectionNotificationType", TYPE);
        xml.value("connectionNotificationArn", &self.notification.topic);
        let events = self.notification.events.iter();
        xml.values("connectionEvents", "item", events.map(|event| event_name(*event)));
        xml.text("connectionNotificationState", STATE);
        xml.value("serviceRegion", &self.region);
    }
}
