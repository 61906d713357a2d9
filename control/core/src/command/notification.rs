//! Commands about connection notifications.

use crate::resource::{ConnectionEvent, NotificationScope, TopicArn};
use model::NotificationId;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Parameters of [`crate::Command::CreateNotification`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateNotification {
    /// Which connections it is about.
    pub scope: NotificationScope,
    /// Where messages go.
    pub topic: TopicArn,
    /// Of what they tell; never empty.
    pub events: BTreeSet<ConnectionEvent>,
    /// Makes a repetition harmless.
    #[serde(skip)]
    pub client_token: Option<Arc<str>>,
}

/// Parameters of [`crate::Command::ModifyNotification`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModifyNotification {
    /// Which.
    pub notification: NotificationId,
    /// Another place for messages to go.
    pub topic: Option<TopicArn>,
    /// Other events to tell of.
    pub events: Option<BTreeSet<ConnectionEvent>>,
}
