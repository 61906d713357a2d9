//! Target groups and targets. Knows neither selection nor how health is found. Defaults and ranges
//! are the ELBv2 API's (semantics 1.3, 1.6).

use std::{fmt, num::NonZeroU16, ops::RangeInclusive, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{LoadBalancer, Protocol, TargetAddr, TargetGroupId, ZoneId};

/// A set of targets with one way of checking and addressing them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// The last part of its ARN.
    pub id: TargetGroupId,
    /// What the targets speak.
    pub protocol: Protocol,
    /// Whether connections start with a PROXY protocol version 2 header.
    pub proxy_protocol_v2: bool,
    /// What such a header says beyond addresses and endpoint.
    #[serde(default)]
    pub proxy_fields: ProxyFields,
    /// Its own cross-zone setting; none means the load balancer's.
    pub cross_zone: Option<bool>,
    /// Whether all flows of one client address go to one target.
    #[serde(default)]
    pub is_sticky: bool,
    /// How a target is chosen.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How long a target that turns healthy takes a growing share of new flows; zero: it takes its
    /// whole share at once.
    #[serde(default)]
    pub slow_start: Duration,
    /// Whether real connections that fail speak against a target as probes do.
    #[serde(default)]
    pub outlier_detection: bool,
    /// With fewer healthy targets a zone leaves DNS.
    #[serde(default = "MinimumHealthy::one")]
    pub dns_failover: MinimumHealthy,
    /// With fewer healthy targets traffic goes to all of them, healthy or not.
    #[serde(default = "MinimumHealthy::one")]
    pub unhealthy_routing: MinimumHealthy,
    /// Whether connections to a target that turns unhealthy are reset.
    pub unhealthy_connection_termination: bool,
    /// If not: how long such a target is `unhealthy.draining` before it is `unhealthy`.
    #[serde(default)]
    pub unhealthy_draining_interval: Duration,
    /// Whether connections to a deregistered target are reset once its delay is over.
    pub deregistration_connection_termination: bool,
    /// How targets are checked.
    pub health_check: HealthCheck,
    /// The targets, unique by address and port.
    pub targets: Vec<Target>,
}

impl TargetGroup {
    /// One without targets, and every attribute as the API has it by default.
    pub fn new(id: TargetGroupId, protocol: Protocol) -> Self {
        Self {
            id,
            protocol,
            proxy_protocol_v2: false,
            proxy_fields: ProxyFields::default(),
            cross_zone: None,
            is_sticky: false,
            algorithm: Algorithm::FlowHash,
            slow_start: Duration::ZERO,
            outlier_detection: false,
            dns_failover: MinimumHealthy::one(),
            unhealthy_routing: MinimumHealthy::one(),
            // Neither can be had for UDP, or only the other way round (semantics 1.3).
            unhealthy_connection_termination: !protocol.is_over_udp(),
            unhealthy_draining_interval: Duration::ZERO,
            deregistration_connection_termination: protocol.is_over_udp(),
            health_check: HealthCheck::default(),
            targets: Vec::new(),
        }
    }

    /// Whether targets of all zones serve every zone of this load balancer.
    pub fn is_cross_zone(&self, load_balancer: &LoadBalancer) -> bool {
        self.cross_zone.unwrap_or(load_balancer.cross_zone)
    }

    /// Whether real connections are watched for targets that fail them. Never where all flows of
    /// a client have one target, nor over UDP, which does not say whether anybody answers
    /// (semantics 1.6).
    pub fn detects_outliers(&self) -> bool {
        self.outlier_detection && !self.is_sticky && !self.protocol.is_over_udp()
    }

    /// The targets that may take new flows of a load balancer's zones: those that are registered,
    /// in zones that it is enabled in.
    pub fn in_use<'a>(
        &'a self,
        load_balancer: &'a LoadBalancer,
    ) -> impl Iterator<Item = &'a Target> {
        self.targets.iter().filter(|target| {
            let zone = target.zone.as_ref();
            !target.draining && zone.is_none_or(|zone| load_balancer.zones.contains(zone))
        })
    }

    /// Those of them that serve clients of one zone: its own and those of no zone, or all with
    /// cross-zone on.
    pub fn serving<'a>(
        &'a self,
        load_balancer: &'a LoadBalancer,
        zone: &'a ZoneId,
    ) -> impl Iterator<Item = &'a Target> {
        let is_cross_zone = self.is_cross_zone(load_balancer);
        self.in_use(load_balancer).filter(move |target| is_cross_zone || target.serves(zone))
    }
}

/// How a target is chosen among the candidates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// By the flow's hash, as a Network Load Balancer does.
    #[default]
    FlowHash,
    /// The one with the fewest open connections. Beyond AWS's Network Load Balancer.
    LeastConnections,
}

/// What a PROXY header says beyond addresses and endpoint. Beyond AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxyFields {
    /// How the endpoint is named.
    pub endpoint: EndpointField,
    /// Whether each connection has an id of its own (`PP2_TYPE_UNIQUE_ID`).
    pub unique_id: bool,
    /// Whether the host that the client named to a TLS listener is told (`PP2_TYPE_AUTHORITY`).
    pub authority: bool,
}

/// In whose form a PROXY header names the endpoint (semantics 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointField {
    /// 0xEA: the endpoint's id as text.
    #[default]
    Aws,
    /// 0xEE: a number of 32 bits, little endian.
    Azure,
    /// 0xE0: a number of 64 bits.
    Gcp,
}

/// How many healthy targets are enough. If both are given, missing either is too few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinimumHealthy {
    /// This many; none is `off`.
    #[serde(default)]
    pub count: Option<u32>,
    /// This percentage of the registered ones, 1 to 100; none is `off`.
    #[serde(default)]
    pub percentage: Option<u8>,
}

impl MinimumHealthy {
    /// One healthy target: the API's default.
    pub const fn one() -> Self {
        Self { count: Some(1), percentage: None }
    }

    /// Whether so many healthy ones of all are enough.
    pub fn is_met_by(self, healthy: usize, of: usize) -> bool {
        let has_count = |count| usize::try_from(count).is_ok_and(|count| healthy >= count);
        let has_share =
            |percent| healthy.saturating_mul(100) >= of.saturating_mul(usize::from(percent));
        self.count.is_none_or(has_count) && self.percentage.is_none_or(has_share)
    }
}

/// One registered target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Where it listens.
    pub addr: TargetAddr,
    /// Its zone; none means every zone (`AvailabilityZone=all`, or outside the VPC).
    pub zone: Option<ZoneId>,
    /// Whether it was deregistered and only keeps its connections until its delay is over.
    pub draining: bool,
}

impl Target {
    /// Whether it serves clients of the zone, when zones keep to themselves.
    pub fn serves(&self, zone: &ZoneId) -> bool {
        self.zone.as_ref().is_none_or(|own| own == zone)
    }
}

/// How the targets of a group are probed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// What a probe asks.
    #[serde(default)]
    pub question: Question,
    /// The port probed; none means the target's own.
    pub port: Option<NonZeroU16>,
    /// From one probe's start to the next: 5 to 300 s.
    pub interval: Duration,
    /// How long a probe may take: 2 to 120 s.
    pub timeout: Duration,
    /// Successes in a row that end `Unhealthy`: 2 to 10.
    pub healthy_threshold: u8,
    /// Failures in a row that end `Healthy`: 2 to 10.
    pub unhealthy_threshold: u8,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self {
            question: Question::Connect,
            port: None,
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(10),
            healthy_threshold: 5,
            unhealthy_threshold: 2,
        }
    }
}

/// What a probe asks of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Health check protocol TCP: to accept a connection.
    #[default]
    Connect,
    /// HTTP: to answer a GET with a code that matches.
    Http(HttpQuestion),
    /// HTTPS: the same over TLS, whatever certificate the target has.
    Https(HttpQuestion),
}

/// What an HTTP probe gets, and expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpQuestion {
    /// The path, with a `/` in front.
    pub path: Arc<str>,
    /// The codes of a healthy target.
    pub matcher: Matcher,
}

/// A set of HTTP codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Matcher(pub Vec<RangeInclusive<u16>>);

impl Matcher {
    /// Whether a code is in it.
    pub fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|codes| codes.contains(&code))
    }
}

impl Default for Matcher {
    fn default() -> Self {
        Self(vec![200..=399])
    }
}

/// As the API writes it: `200-299,301`.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, codes) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let (first, last) = (codes.start(), codes.end());
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}
