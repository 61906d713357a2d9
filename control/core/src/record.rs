//! Records: what the store keeps, one per resource, and how they are written.
//!
//! A record is JSON with the number of its schema in front, at most [`RECORD_BYTES_MAX`] long,
//! under a readable key. Any node can read what any other wrote; one that meets a newer schema
//! refuses to go on rather than lose what it does not know. Does not know the store.

use std::{fmt, str::FromStr, sync::Arc};

use model::{
    ListenerId, LoadBalancerId, Malformed, NotificationId, PermissionId, RouteTableId,
    SecurityGroupId, ServiceId, SubnetId, TargetGroupId, VpcEndpointId, VpcId,
};
use serde::{Deserialize, Serialize};

use crate::resource::{
    ClientToken, ClientTokenKey, ConnectionNotification, EndpointService, Listener, LoadBalancer,
    Message, MessageId, Permission, RouteTable, SecurityGroup, Subnet, Target, TargetGroup,
    TargetKey, Vpc, VpcEndpoint,
};

/// The schema written. Raise it when an older reader would misread or lose something; a member with
/// a default does neither.
pub const SCHEMA: u32 = 1;

/// Longest record. It bounds what one resource costs every node that watches, and stays far below
/// etcd's 1.5 MiB per request.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;

/// Defines the kinds of records.
macro_rules! records {
    ($($(#[$doc:meta])* $kind:ident($key:ty, $resource:ty, $prefix:literal, $own:expr);)*) => {
        /// Which record.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Key {
            $($(#[$doc])* $kind($key),)*
        }

        /// One resource as it is kept.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Record {
            $($(#[$doc])* $kind(Arc<$resource>),)*
        }

        impl Record {
            /// The key it is kept under.
            pub fn key(&self) -> Key {
                match self {
                    $(Self::$kind(resource) => {
                        let own: fn(&$resource) -> $key = $own;
                        Key::$kind(own(resource))
                    })*
                }
            }
        }

        impl fmt::Display for Key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$kind(key) => write!(f, concat!($prefix, "/{}"), key),)*
                }
            }
        }

        impl FromStr for Key {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                let malformed = Malformed { expected: "a record's key" };
                let (kind, key) = text.split_once('/').ok_or(malformed)?;
                match kind {
                    $($prefix => key.parse().map(Self::$kind),)*
                    _ => Err(malformed),
                }
            }
        }

        $(impl From<Arc<$resource>> for Record {
            fn from(resource: Arc<$resource>) -> Self {
                Self::$kind(resource)
            }
        })*
    };
}

records! {
    /// A VPC.
    Vpc(VpcId, Vpc, "vpc", |vpc| vpc.id);
    /// A subnet.
    Subnet(SubnetId, Subnet, "subnet", |subnet| subnet.id);
    /// A load balancer.
    LoadBalancer(LoadBalancerId, LoadBalancer, "load-balancer", |lb| lb.id);
    /// A listener.
    Listener(ListenerId, Listener, "listener", |listener| listener.id);
    /// A target group.
    TargetGroup(TargetGroupId, TargetGroup, "target-group", |group| group.id);
    /// A target.
    Target(TargetKey, Target, "target", Target::key);
    /// An endpoint service.
    Service(ServiceId, EndpointService, "service", |service| service.id);
    /// A permission of an endpoint service.
    Permission(PermissionId, Permission, "permission", |permission| permission.id);
    /// A VPC endpoint with its interfaces.
    Endpoint(VpcEndpointId, VpcEndpoint, "endpoint", |endpoint| endpoint.id);
    /// A security group with its rules.
    SecurityGroup(SecurityGroupId, SecurityGroup, "security-group", |group| group.id);
    /// A route table.
    RouteTable(RouteTableId, RouteTable, "route-table", |table| table.id);
    /// A remembered client token.
    ClientToken(ClientTokenKey, ClientToken, "client-token", |token| token.key.clone());
    /// A connection notification.
    Notification(NotificationId, ConnectionNotification, "notification", |it| it.id);
    /// A message that waits to be sent.
    Message(MessageId, Message, "message", |message| message.id);
}

/// A record with the number of its schema.
#[derive(Serialize)]
struct Written<'a> {
    schema: u32,
    record: &'a Record,
}

/// The schema alone, which every schema has.
#[derive(Deserialize)]
struct SchemaOnly {
    schema: u32,
}

/// The record alone.
#[derive(Deserialize)]
struct RecordOnly {
    record: Record,
}

impl Record {
    /// The record as the store keeps it.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(&Written { schema: SCHEMA, record: self })
            .expect("records have string keys only")
    }

    /// Reads what a store kept.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        // Two passes, as a newer schema's record need not be readable at all.
        let SchemaOnly { schema } =
            serde_json::from_slice(bytes).map_err(DecodeError::malformed)?;
        if schema > SCHEMA {
            return Err(DecodeError::NewerSchema { found: schema, known: SCHEMA });
        }
        let RecordOnly { record } =
            serde_json::from_slice(bytes).map_err(DecodeError::malformed)?;
        Ok(record)
    }
}

/// Why a record could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// A newer Postern wrote it.
    NewerSchema {
        /// The schema it has.
        found: u32,
        /// The newest schema known here.
        known: u32,
    },
    /// It is not what any Postern writes.
    Malformed {
        /// The line where reading stopped.
        line: usize,
        /// The column where reading stopped.
        column: usize,
    },
}

impl DecodeError {
    fn malformed(error: serde_json::Error) -> Self {
        Self::Malformed { line: error.line(), column: error.column() }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewerSchema { found, known } => {
                write!(f, "written with schema {found}, newer than {known}")
            }
            Self::Malformed { line, column } => {
                write!(f, "not a record (line {line}, column {column})")
            }
        }
    }
}

impl std::error::Error for DecodeError {}
