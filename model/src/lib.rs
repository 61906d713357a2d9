//! The vocabulary that Postern's planes share.
//!
//! Read in this order: [`snapshot`] (what is to be served) and [`health`] (what is alive) are the
//! two values in which the planes meet; [`endpoint`], [`service`], [`load_balancer`], [`target`],
//! [`inbound`] and [`vpc`] are their parts; [`id`], [`address`], [`dns_record`] and [`time`] are
//! the words. There is no logic here beyond what two planes must agree on, and no clock, socket,
//! file, log or random number.

pub mod address;
pub mod dns_record;
pub mod endpoint;
pub mod health;
pub mod id;
pub mod inbound;
pub mod load_balancer;
pub mod service;
pub mod snapshot;
pub mod target;
pub mod time;
pub mod vpc;

pub use address::{AddressFamily, ClientAddr, EndpointAddr, IpAddressType, TargetAddr};
pub use dns_record::{DnsName, DnsRecordIpType, ENDPOINT_DOMAIN, NameToken};
pub use endpoint::{Endpoint, EndpointLimits, EndpointState, Interface};
pub use health::{
    BindFailure, BindFailureReason, Binding, Health, TargetHealth, UnhealthyReason, ZoneTrouble,
};
pub use id::{
    AccountId, ConnectionId, InterfaceId, ListenerId, LoadBalancerId, Malformed, NotificationId,
    PermissionId, RegionName, RouteTableAssociationId, RouteTableId, SecurityGroupId,
    SecurityGroupRuleId, ServiceId, SubnetCidrAssociationId, SubnetId, TargetGroupId,
    VpcCidrAssociationId, VpcEndpointId, VpcId, ZoneId, ZoneName,
};
pub use inbound::{Inbound, InboundRule, InboundRules, Transport};
pub use load_balancer::{
    AlpnPolicy, ClientRoutingPolicy, Listener, LoadBalancer, Protocol, TCP_IDLE_TIMEOUT,
    TlsTermination, UDP_IDLE_TIMEOUT, WeightedTargetGroup,
};
pub use service::ServiceState;
pub use snapshot::{Generation, Snapshot};
pub use target::{
    Algorithm, EndpointField, HealthCheck, HttpQuestion, Matcher, MinimumHealthy, ProxyFields,
    Question, Target, TargetGroup,
};
pub use time::{Clock, Timestamp};
pub use vpc::{Subnet, Vpc};
