//! Connection notifications: who wants to be told of which events, and the messages that wait to
//! be sent. Does not know how a message travels, nor what it looks like on its way.

use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

use model::{
    AccountId, EndpointState, Malformed, NotificationId, ServiceId, Timestamp, VpcEndpointId,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::resource::ServiceName;

/// A wish to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionNotification {
    /// Its id.
    pub id: NotificationId,
    /// Who wants to be told.
    pub owner: AccountId,
    /// Of which connections.
    pub scope: NotificationScope,
    /// Where to.
    pub topic: TopicArn,
    /// Of what; never empty.
    pub events: BTreeSet<ConnectionEvent>,
}

/// Which connections a notification is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotificationScope {
    /// All of an endpoint service of the owner.
    Service(ServiceId),
    /// That of one endpoint of the owner.
    Endpoint(VpcEndpointId),
}

/// What a notification can tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionEvent {
    /// The provider accepted a connection request.
    Accept,
    /// A consumer asked to connect.
    Connect,
    /// A consumer deleted its endpoint.
    Delete,
    /// The provider rejected a connection.
    Reject,
}

/// The ARN of an SNS topic. What is behind it is the configuration's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TopicArn(Arc<str>);

impl TopicArn {
    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Longest topic name (SNS API, `CreateTopic`).
const TOPIC_NAME_BYTES_MAX: usize = 256;

impl FromStr for TopicArn {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let label = |text: &str, more: &[u8]| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || more.contains(&b);
            !text.is_empty() && text.bytes().all(plain)
        };
        let parts: Vec<_> = text.split(':').collect();
        let fits = match parts[..] {
            ["arn", partition, "sns", region, account, name] => {
                label(partition, b"")
                    && label(region, b"")
                    && account.parse::<AccountId>().is_ok()
                    && label(name, b"_.")
                    && name.len() <= TOPIC_NAME_BYTES_MAX
            }
            _ => false,
        };
        let expected = "the ARN of an SNS topic";
        if fits { Ok(Self(text.into())) } else { Err(Malformed { expected }) }
    }
}

/// A message that waits to be sent: written in the transaction of what it tells of, removed when
/// its receiver has it or when it is too old.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Whose notification it is.
    pub owner: AccountId,
    /// Which notification.
    pub notification: NotificationId,
    /// Where to.
    pub topic: TopicArn,
    /// What happened.
    pub event: ConnectionEvent,
    /// When.
    pub at: Timestamp,
    /// The service.
    pub service: ServiceId,
    /// The name that the consumer asked for it by.
    pub service_name: ServiceName,
    /// The endpoint.
    pub endpoint: VpcEndpointId,
    /// The consumer.
    pub endpoint_owner: AccountId,
    /// The endpoint's state after it.
    pub state: EndpointState,
    /// When it is given up.
    pub expires: Timestamp,
}

/// A message's id: a UUID of version 7 (RFC 9562 5.7), so that their order is that of their times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(u128);

impl MessageId {
    /// The lowest there is, for ranges.
    pub const MIN: Self = Self(0);

    /// The id of a time and a drawn number.
    pub fn new(at: Timestamp, drawn: u128) -> Self {
        let time = u128::from(at.as_millis() & ((1 << 48) - 1)) << 80;
        let random = drawn & ((1 << 80) - 1) & !(0xf << 76) & !(0b11 << 62);
        Self(time | (0x7 << 76) | (0b10 << 62) | random)
    }

    /// The highest there is, for ranges.
    pub const MAX: Self = Self(u128::MAX);
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = format!("{:032x}", self.0);
        let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        write!(f, "{a}-{b}-{c}-{d}-{e}")
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MessageId {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = Malformed { expected: "a UUID in lower case" };
        let hex: String = text.split('-').collect();
        let id = u128::from_str_radix(&hex, 16).map(Self).map_err(|_| malformed)?;
        if id.to_string() == text { Ok(id) } else { Err(malformed) }
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ids_are_uuids_in_the_order_of_time() {
        let (early, late) = (Timestamp(1_795_230_366_999), Timestamp(1_795_230_367_000));
        let first = MessageId::new(early, u128::MAX);
        let second = MessageId::new(late, 0);
        assert!(first < second);
        for id in [first, second] {
            let text = id.to_string();
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(&text[14..15], "7");
            assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        }
        for text in ["", "+1", "0", "01A2b3c4-0000-7000-8000-000000000000"] {
            assert!(text.parse::<MessageId>().is_err(), "{text}");
        }
    }

    #[test]
    fn topics_are_arns_of_sns() {
        assert!("arn:aws:sns:us-east-1:111111111111:a_b-c.fifo".parse::<TopicArn>().is_ok());
        for text in [
            "",
            "arn:aws:sqs:us-east-1:111111111111:a",
            "arn:aws:sns:us-east-1:1:a",
            "arn:aws:sns::111111111111:a",
            "arn:aws:sns:us-east-1:111111111111:",
            "arn:aws:sns:us-east-1:111111111111:a:b",
            "arn:aws:sns:us-east-1:111111111111:a b",
        ] {
            assert!(text.parse::<TopicArn>().is_err(), "{text}");
        }
    }
}
