//! Load balancers and their listeners. Knows neither selection nor sockets. Defaults and ranges are
//! the ELBv2 API's (semantics 1.2, 1.4).

use std::{collections::BTreeSet, num::NonZeroU16, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{ListenerId, LoadBalancerId, TargetGroupId, ZoneId};

/// How long a flow of a TCP listener may carry nothing unless its attribute says otherwise, and one
/// of a TLS listener ever (semantics 1.4).
pub const TCP_IDLE_TIMEOUT: Duration = Duration::from_secs(350);
/// How long a UDP flow may carry nothing (semantics 1.4).
pub const UDP_IDLE_TIMEOUT: Duration = Duration::from_secs(120);

/// A Network Load Balancer, the front of an endpoint service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// The last part of its ARN.
    pub id: LoadBalancerId,
    /// The zones it is enabled in.
    pub zones: BTreeSet<ZoneId>,
    /// Those of its zones that a zonal shift keeps out of DNS; connections there live on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub shifted_zones: BTreeSet<ZoneId>,
    /// Whether a zone's clients are spread over the targets of all zones.
    pub cross_zone: bool,
    /// How strongly DNS answers keep a client in its own zone.
    #[serde(default, skip_serializing_if = "ClientRoutingPolicy::is_any_zone")]
    pub client_routing_policy: ClientRoutingPolicy,
    /// What it listens on; no two share a port and a transport.
    pub listeners: Vec<Listener>,
}

impl LoadBalancer {
    /// One in these zones, with every attribute as the API has it by default and no listener.
    pub fn new(id: LoadBalancerId, zones: impl IntoIterator<Item = ZoneId>) -> Self {
        Self {
            id,
            zones: zones.into_iter().collect(),
            shifted_zones: BTreeSet::new(),
            cross_zone: false,
            client_routing_policy: ClientRoutingPolicy::AnyZone,
            listeners: Vec::new(),
        }
    }
}

/// How strongly DNS answers keep a client in its own zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientRoutingPolicy {
    /// `any_availability_zone`: not at all.
    #[default]
    AnyZone,
    /// `partial_availability_zone_affinity`: 85 %.
    PartialAffinity,
    /// `availability_zone_affinity`: always.
    Affinity,
}

impl ClientRoutingPolicy {
    /// Whether a client's own zone counts for nothing.
    pub fn is_any_zone(&self) -> bool {
        *self == Self::AnyZone
    }

    /// In how many of 100 answers to a client only its own zone is given.
    pub fn own_zone_percent(self) -> u32 {
        match self {
            Self::AnyZone => 0,
            Self::PartialAffinity => 85,
            Self::Affinity => 100,
        }
    }
}

/// One port of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The last part of its ARN.
    pub id: ListenerId,
    /// The port that clients dial.
    pub port: NonZeroU16,
    /// The protocol.
    pub protocol: Protocol,
    /// How long a TCP connection may carry nothing. A TLS listener's is [`TCP_IDLE_TIMEOUT`], a UDP
    /// flow's [`UDP_IDLE_TIMEOUT`], whatever this says.
    pub idle_timeout: Duration,
    /// Whether connections start with a PROXY protocol version 2 header; none means as the target
    /// group says. Beyond AWS: one group can serve direct clients and endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_protocol_v2: Option<bool>,
    /// How TLS is terminated; always there with [`Protocol::Tls`], and only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Arc<TlsTermination>>,
    /// Where connections go, by weight.
    pub forward: Vec<WeightedTargetGroup>,
}

impl Listener {
    /// A TCP listener that forwards to one group, with every attribute as the API has it by
    /// default.
    pub fn new(id: ListenerId, port: NonZeroU16, group: TargetGroupId) -> Self {
        Self {
            id,
            port,
            protocol: Protocol::Tcp,
            idle_timeout: TCP_IDLE_TIMEOUT,
            proxy_protocol_v2: None,
            tls: None,
            forward: vec![WeightedTargetGroup { group, weight: 1 }],
        }
    }
}

/// What a listener or a target group speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Protocol {
    /// Transmission Control Protocol.
    Tcp,
    /// User Datagram Protocol.
    Udp,
    /// Both on one port.
    TcpUdp,
    /// Transport Layer Security over TCP, terminated here.
    Tls,
}

impl Protocol {
    /// Whether it takes TCP connections.
    pub const fn is_over_tcp(self) -> bool {
        match self {
            Self::Tcp | Self::TcpUdp | Self::Tls => true,
            Self::Udp => false,
        }
    }

    /// Whether it takes UDP datagrams.
    pub const fn is_over_udp(self) -> bool {
        match self {
            Self::Udp | Self::TcpUdp => true,
            Self::Tcp | Self::Tls => false,
        }
    }
}

/// How a listener terminates TLS. Certificates go by their ARN: whoever holds the keys knows which
/// files those are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsTermination {
    /// The certificate of clients that name no host, or one that no certificate is for.
    pub default_certificate: Arc<str>,
    /// More certificates, chosen by the host that the client names.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub certificates: BTreeSet<Arc<str>>,
    /// Whether TLS 1.2 is spoken beside 1.3, as the security policy says.
    pub is_tls12_allowed: bool,
    /// What the client and we agree to speak inside.
    #[serde(default)]
    pub alpn: AlpnPolicy,
}

/// A TLS listener's `AlpnPolicy`: which protocols are agreed upon with the client (ELBv2 API).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub enum AlpnPolicy {
    /// No negotiation.
    #[default]
    None,
    /// HTTP/1.1 and 1.0 only.
    Http1Only,
    /// HTTP/2 only.
    Http2Only,
    /// HTTP/1.1 before HTTP/2.
    Http2Optional,
    /// HTTP/2 before HTTP/1.1.
    Http2Preferred,
}

/// One target group of a listener's forward action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightedTargetGroup {
    /// The target group.
    pub group: TargetGroupId,
    /// 0 to 999; the share is weight / sum of weights.
    pub weight: u16,
}
