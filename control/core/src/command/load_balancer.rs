//! Commands about load balancers, listeners, target groups and targets.

use crate::resource::{HealthCheckProtocol, Scheme, TargetName, TargetType};
use crate::settings::ZoneRef;
use crate::tag::Tags;
use model::{
    AlpnPolicy, IpAddressType, ListenerId, LoadBalancerId, Matcher, Protocol, SecurityGroupId,
    SubnetId, VpcId, WeightedTargetGroup,
};
use serde::Serialize;
use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::sync::Arc;

/// Parameters of [`crate::Command::CreateLoadBalancer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateLoadBalancer {
    /// Its name, unique in the account: 1 to 32 letters, digits and hyphens.
    pub name: Arc<str>,
    /// Its subnets, of one VPC and at most one per zone.
    pub subnets: Vec<SubnetId>,
    /// Its scheme.
    pub scheme: Scheme,
    /// Which addresses it takes connections on.
    pub ip_address_type: IpAddressType,
    /// Its security groups; none for ever if none now.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Its tags.
    pub tags: Tags,
}

/// Parameters of [`crate::Command::CreateListener`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateListener {
    /// The load balancer that listens.
    pub load_balancer: LoadBalancerId,
    /// The port.
    pub port: NonZeroU16,
    /// The protocol.
    pub protocol: Protocol,
    /// How TLS is terminated.
    pub tls: TlsChange,
    /// Where connections go, by weight; never empty.
    pub forward: Vec<WeightedTargetGroup>,
    /// Its tags.
    pub tags: Tags,
}

/// Parameters of [`crate::Command::ModifyListener`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModifyListener {
    /// Which.
    pub listener: ListenerId,
    /// Another port.
    pub port: Option<NonZeroU16>,
    /// Another protocol.
    pub protocol: Option<Protocol>,
    /// What changes about TLS.
    pub tls: TlsChange,
    /// Another place for connections to go.
    pub forward: Option<Vec<WeightedTargetGroup>>,
}

/// What a caller says about how a listener terminates TLS; none leaves a setting as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TlsChange {
    /// The ARN of the default certificate.
    pub certificate: Option<Arc<str>>,
    /// The name of the security policy.
    pub ssl_policy: Option<Arc<str>>,
    /// The ALPN policy.
    pub alpn: Option<AlpnPolicy>,
}

/// Parameters of [`crate::Command::CreateTargetGroup`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateTargetGroup {
    /// Its name, unique in the account: 1 to 32 letters, digits and hyphens.
    pub name: Arc<str>,
    /// How its targets are named.
    pub target_type: TargetType,
    /// What the targets speak.
    pub protocol: Protocol,
    /// The port of targets that do not name their own.
    pub port: NonZeroU16,
    /// The VPC of the targets.
    pub vpc: VpcId,
    /// What differs from the default health check.
    pub health_check: HealthCheckChange,
    /// Its tags.
    pub tags: Tags,
}

/// What to change about a health check; none leaves a setting as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HealthCheckChange {
    /// What a probe speaks.
    pub protocol: Option<HealthCheckProtocol>,
    /// What a probe over HTTP gets.
    pub path: Option<Arc<str>>,
    /// The codes of a healthy target.
    pub matcher: Option<Matcher>,
    /// The port probed; `Some(None)` is `traffic-port`.
    pub port: Option<Option<NonZeroU16>>,
    /// Seconds from one probe's start to the next.
    pub interval_s: Option<u32>,
    /// How many seconds a probe may take.
    pub timeout_s: Option<u32>,
    /// Successes in a row that make an unhealthy target healthy.
    pub healthy_threshold: Option<u8>,
    /// Failures in a row that make a healthy target unhealthy.
    pub unhealthy_threshold: Option<u8>,
}

/// A target as a caller names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetDescription {
    /// Its address or name.
    pub id: TargetName,
    /// Its port; none means the group's.
    pub port: Option<NonZeroU16>,
    /// Its zone; none takes that of the subnet with the address.
    pub zone: Option<TargetZone>,
}

/// Which zone a target serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetZone {
    /// Every zone: `all`.
    All,
    /// One.
    One(ZoneRef),
}
