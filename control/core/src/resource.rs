//! The resources: what each is, who owns it, what it refers to. One resource is one record.
//!
//! Does not know which changes are allowed ([`mod@crate::decide`]), nor how records are kept.

pub mod catalog;
pub mod client_token;
pub mod endpoint;
pub mod endpoint_limits;
pub mod health_check;
pub mod listener;
pub mod load_balancer;
pub mod notification;
pub mod payer;
pub mod permission;
pub mod private_dns;
pub mod route_table;
pub mod security_group;
pub mod service;
pub mod ssl_policy;
pub mod subnet;
pub mod target;
pub mod target_group;
pub mod vpc;
pub mod zonal_shift;

use std::fmt;

use model::{
    InterfaceId, ListenerId, LoadBalancerId, NotificationId, PermissionId, RouteTableId,
    SecurityGroupId, SecurityGroupRuleId, ServiceId, SubnetId, TargetGroupId, VpcEndpointId, VpcId,
};
use serde::{Deserialize, Serialize};

pub use catalog::{CATALOG_OWNER, CatalogEntry, ServiceType};
pub use client_token::{ClientToken, ClientTokenKey, CreateOperation};
pub use endpoint::{Interface, LastError, VpcEndpoint};
pub use health_check::{HealthCheck, HealthCheckProtocol};
pub use listener::{Listener, ListenerAttribute, ListenerTls};
pub use load_balancer::{LoadBalancer, LoadBalancerAttribute, LoadBalancerAttributes, Scheme};
pub use model::ClientRoutingPolicy;
pub use notification::{
    ConnectionEvent, ConnectionNotification, Message, MessageId, NotificationScope, TopicArn,
};
pub use payer::Payer;
pub use permission::{Permission, PermissionRemoval};
pub use private_dns::{DomainOutcome, DomainState, DomainToken, PrivateDns};
pub use route_table::{Route, RouteTable, RouteTargetKind};
pub use security_group::{Direction, IpProtocol, Peer, SecurityGroup, SecurityGroupRule, Traffic};
pub use service::{EndpointService, ServiceName};
pub use subnet::{Subnet, SubnetBlock};
pub use target::{Instance, Target, TargetKey, TargetName, TargetState};
pub use target_group::{
    CrossZone, TargetGroup, TargetGroupAttribute, TargetGroupAttributes, TargetType, Threshold,
};
pub use vpc::{Vpc, VpcAttribute, VpcBlock};
pub use zonal_shift::{ZonalShift, ZonalShiftId, ZonalShiftStatus};

/// Defines the kinds of things that have an identifier of their own.
macro_rules! resource_ids {
    ($($(#[$doc:meta])* $kind:ident($id:ty);)*) => {
        /// What has an identifier of its own, and can be referred to, tagged or refused by it.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(rename_all = "kebab-case")]
        pub enum ResourceId {
            $($(#[$doc])* $kind($id),)*
        }

        /// The kind of a [`ResourceId`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ResourceKind {
            $($(#[$doc])* $kind,)*
        }

        impl ResourceId {
            /// Its kind.
            pub fn kind(self) -> ResourceKind {
                match self {
                    $(Self::$kind(_) => ResourceKind::$kind,)*
                }
            }
        }

        impl ResourceKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The lowest and the highest identifier of this kind, for ranges.
            pub(crate) fn bounds(self) -> (ResourceId, ResourceId) {
                match self {
                    $(Self::$kind => (
                        ResourceId::$kind(<$id>::from_bits(0)),
                        ResourceId::$kind(<$id>::from_bits(u128::MAX)),
                    ),)*
                }
            }
        }

        impl fmt::Display for ResourceId {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$kind(id) => fmt::Display::fmt(id, f),)*
                }
            }
        }

        $(impl From<$id> for ResourceId {
            fn from(id: $id) -> Self {
                Self::$kind(id)
            }
        })*
    };
}

resource_ids! {
    /// A VPC.
    Vpc(VpcId);
    /// A subnet.
    Subnet(SubnetId);
    /// A Network Load Balancer.
    LoadBalancer(LoadBalancerId);
    /// A listener.
    Listener(ListenerId);
    /// A target group.
    TargetGroup(TargetGroupId);
    /// An endpoint service.
    Service(ServiceId);
    /// A permission of an endpoint service.
    Permission(PermissionId);
    /// A VPC endpoint.
    Endpoint(VpcEndpointId);
    /// An endpoint network interface; it lives in its endpoint's record.
    Interface(InterfaceId);
    /// A connection notification.
    Notification(NotificationId);
    /// A security group.
    SecurityGroup(SecurityGroupId);
    /// A rule of a security group; it lives in its group's record.
    SecurityGroupRule(SecurityGroupRuleId);
    /// A route table.
    RouteTable(RouteTableId);
}
