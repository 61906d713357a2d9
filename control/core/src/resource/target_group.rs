//! A target group: how a set of targets is addressed, checked and treated (ELBv2 API,
//! `CreateTargetGroup`, `TargetGroupAttribute`). Does not know the targets, which are records of
//! their own, nor the attributes' names on the wire.

use std::{num::NonZeroU16, ops::RangeInclusive, sync::Arc, time::Duration};

use model::{
    AccountId, Algorithm, EndpointField, Protocol, ProxyFields, TargetGroupId, Timestamp, VpcId,
};
use serde::{Deserialize, Serialize};

use super::health_check::HealthCheck;
use crate::tag::Tags;

/// A target group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// The last part of its ARN.
    pub id: TargetGroupId,
    /// Whose it is.
    pub owner: AccountId,
    /// Its name, unique in the account.
    pub name: Arc<str>,
    /// How its targets are named.
    #[serde(default, skip_serializing_if = "is_default")]
    pub target_type: TargetType,
    /// What the targets speak.
    pub protocol: Protocol,
    /// The port of targets that do not name their own.
    pub port: NonZeroU16,
    /// The VPC of the targets.
    pub vpc: VpcId,
    /// How targets are probed.
    pub health_check: HealthCheck,
    /// Its attributes.
    pub attributes: TargetGroupAttributes,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// How the targets of a group are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetType {
    /// By their addresses.
    #[default]
    Ip,
    /// By ids of instances, whose addresses the operator knows.
    Instance,
    /// One load balancer elsewhere, by its ARN, whose address the operator knows, or its address.
    Alb,
}

/// A target group's attributes, with AWS's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroupAttributes {
    /// `deregistration_delay.timeout_seconds`: 0 to 3600.
    pub deregistration_delay_s: u32,
    /// `deregistration_delay.connection_termination.enabled`.
    pub deregistration_connection_termination: bool,
    /// `preserve_client_ip.enabled`; without effect on what comes through an endpoint.
    pub preserve_client_ip: bool,
    /// `proxy_protocol_v2.enabled`.
    pub proxy_protocol_v2: bool,
    /// `stickiness.enabled`; the type is always `source_ip`.
    pub stickiness: bool,
    /// `load_balancing.cross_zone.enabled`.
    pub cross_zone: CrossZone,
    /// `target_group_health.dns_failover.minimum_healthy_targets.count`.
    pub dns_failover_count: Threshold,
    /// `target_group_health.dns_failover.minimum_healthy_targets.percentage`.
    pub dns_failover_percentage: Threshold,
    /// `target_group_health.unhealthy_state_routing.minimum_healthy_targets.count`: 1 or more.
    pub routing_count: u32,
    /// `target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage`.
    pub routing_percentage: Threshold,
    /// `target_health_state.unhealthy.connection_termination.enabled`.
    pub unhealthy_connection_termination: bool,
    /// `target_health_state.unhealthy.draining_interval_seconds`: 0 to 360000.
    pub unhealthy_draining_interval_s: u32,
    /// `slow_start.duration_seconds`: 30 to 900, or 0 for none. Beyond Network Load Balancers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub slow_start_s: u32,
    /// `load_balancing.algorithm.type`. Beyond Network Load Balancers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub algorithm: Algorithm,
    /// `postern.outlier_detection.enabled`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub outlier_detection: bool,
    /// `postern.proxy_protocol_v2.*`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub proxy_fields: ProxyFields,
}

/// What `deregistration_delay.timeout_seconds` may be.
pub const DEREGISTRATION_DELAY_S: RangeInclusive<u32> = 0..=3600;
/// What `target_health_state.unhealthy.draining_interval_seconds` may be.
pub const DRAINING_INTERVAL_S: RangeInclusive<u32> = 0..=360_000;
/// What `slow_start.duration_seconds` may be besides 0.
pub const SLOW_START_S: RangeInclusive<u32> = 30..=900;

impl TargetGroupAttributes {
    /// What a new group has. Client addresses are kept and datagrams' flows ended where the API
    /// knows no other way (semantics 1.3).
    pub fn of(protocol: Protocol, target_type: TargetType) -> Self {
        let is_over_udp = protocol.is_over_udp();
        Self {
            deregistration_delay_s: 300,
            deregistration_connection_termination: is_over_udp,
            preserve_client_ip: is_over_udp || target_type != TargetType::Ip,
            proxy_protocol_v2: false,
            stickiness: false,
            cross_zone: CrossZone::LoadBalancer,
            dns_failover_count: Threshold::AtLeast(1),
            dns_failover_percentage: Threshold::Off,
            routing_count: 1,
            routing_percentage: Threshold::Off,
            unhealthy_connection_termination: !is_over_udp,
            unhealthy_draining_interval_s: 0,
            slow_start_s: 0,
            algorithm: Algorithm::FlowHash,
            outlier_detection: false,
            proxy_fields: ProxyFields::default(),
        }
    }

    /// How long a deregistered target keeps its connections.
    pub fn deregistration_delay(&self) -> Duration {
        Duration::from_secs(self.deregistration_delay_s.into())
    }

    /// Changes one.
    pub(crate) fn set(&mut self, attribute: TargetGroupAttribute) {
        use TargetGroupAttribute as A;
        match attribute {
            A::DeregistrationDelaySeconds(seconds) => self.deregistration_delay_s = seconds,
            A::DeregistrationConnectionTermination(on) => {
                self.deregistration_connection_termination = on;
            }
            A::PreserveClientIp(on) => self.preserve_client_ip = on,
            A::ProxyProtocolV2(on) => self.proxy_protocol_v2 = on,
            A::Stickiness(on) => self.stickiness = on,
            A::CrossZone(cross_zone) => self.cross_zone = cross_zone,
            A::DnsFailoverCount(threshold) => self.dns_failover_count = threshold,
            A::DnsFailoverPercentage(threshold) => self.dns_failover_percentage = threshold,
            A::RoutingCount(count) => self.routing_count = count,
            A::RoutingPercentage(threshold) => self.routing_percentage = threshold,
            A::UnhealthyConnectionTermination(on) => self.unhealthy_connection_termination = on,
            A::UnhealthyDrainingIntervalSeconds(seconds) => {
                self.unhealthy_draining_interval_s = seconds;
            }
            A::SlowStartSeconds(seconds) => self.slow_start_s = seconds,
            A::Algorithm(algorithm) => self.algorithm = algorithm,
            A::OutlierDetection(on) => self.outlier_detection = on,
            A::ProxyEndpointField(field) => self.proxy_fields.endpoint = field,
            A::ProxyUniqueId(on) => self.proxy_fields.unique_id = on,
            A::ProxyAuthority(on) => self.proxy_fields.authority = on,
        }
    }
}

/// One attribute with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetGroupAttribute {
    /// `deregistration_delay.timeout_seconds`.
    DeregistrationDelaySeconds(u32),
    /// `deregistration_delay.connection_termination.enabled`.
    DeregistrationConnectionTermination(bool),
    /// `preserve_client_ip.enabled`.
    PreserveClientIp(bool),
    /// `proxy_protocol_v2.enabled`.
    ProxyProtocolV2(bool),
    /// `stickiness.enabled`.
    Stickiness(bool),
    /// `load_balancing.cross_zone.enabled`.
    CrossZone(CrossZone),
    /// `target_group_health.dns_failover.minimum_healthy_targets.count`.
    DnsFailoverCount(Threshold),
    /// `target_group_health.dns_failover.minimum_healthy_targets.percentage`.
    DnsFailoverPercentage(Threshold),
    /// `target_group_health.unhealthy_state_routing.minimum_healthy_targets.count`.
    RoutingCount(u32),
    /// `target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage`.
    RoutingPercentage(Threshold),
    /// `target_health_state.unhealthy.connection_termination.enabled`.
    UnhealthyConnectionTermination(bool),
    /// `target_health_state.unhealthy.draining_interval_seconds`.
    UnhealthyDrainingIntervalSeconds(u32),
    /// `slow_start.duration_seconds`.
    SlowStartSeconds(u32),
    /// `load_balancing.algorithm.type`.
    Algorithm(Algorithm),
    /// `postern.outlier_detection.enabled`.
    OutlierDetection(bool),
    /// `postern.proxy_protocol_v2.endpoint_field`.
    ProxyEndpointField(EndpointField),
    /// `postern.proxy_protocol_v2.unique_id.enabled`.
    ProxyUniqueId(bool),
    /// `postern.proxy_protocol_v2.authority.enabled`.
    ProxyAuthority(bool),
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Whether targets of all zones serve every zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrossZone {
    /// `true`.
    On,
    /// `false`.
    Off,
    /// `use_load_balancer_configuration`.
    LoadBalancer,
}

/// A least number or share of healthy targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Threshold {
    /// `off`.
    Off,
    /// This many, or this percentage.
    AtLeast(u32),
}
