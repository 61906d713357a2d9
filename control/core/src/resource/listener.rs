//! A listener: one port of a load balancer and where its connections go.

use std::{collections::BTreeSet, num::NonZeroU16, sync::Arc, time::Duration};

use model::{
    AccountId, AlpnPolicy, ListenerId, LoadBalancerId, Protocol, Timestamp, WeightedTargetGroup,
};
use serde::{Deserialize, Serialize};

use crate::tag::Tags;

/// A listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The last part of its ARN.
    pub id: ListenerId,
    /// Whose it is.
    pub owner: AccountId,
    /// The load balancer that listens.
    pub load_balancer: LoadBalancerId,
    /// The port; no two listeners of a load balancer have it for one transport.
    pub port: NonZeroU16,
    /// The protocol.
    pub protocol: Protocol,
    /// Where connections go, by weight.
    pub forward: Vec<WeightedTargetGroup>,
    /// How TLS is terminated; there with the protocol TLS, and only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,
    /// `tcp.idle_timeout.seconds`: 60 to 6000.
    pub idle_timeout_s: u32,
    /// `postern.proxy_protocol_v2.enabled`; none leaves it to the target group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy_protocol_v2: Option<bool>,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// How a listener terminates TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerTls {
    /// The ARN of the certificate of clients that name no host, or one that no certificate is for.
    pub default_certificate: Arc<str>,
    /// The certificate list: more ARNs, chosen by the host that the client names.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub certificates: BTreeSet<Arc<str>>,
    /// The name of the security policy.
    pub ssl_policy: Arc<str>,
    /// What the client and we agree to speak inside.
    #[serde(default)]
    pub alpn: AlpnPolicy,
}

/// What `tcp.idle_timeout.seconds` may be.
pub const IDLE_TIMEOUT_S: std::ops::RangeInclusive<u32> = 60..=6000;
/// What it is unless changed.
pub const IDLE_TIMEOUT_S_DEFAULT: u32 = 350;
/// The greatest weight of a target group.
pub const WEIGHT_MAX: u16 = 999;

impl Listener {
    /// How long a connection may carry nothing.
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_s.into())
    }
}

/// Whether a listener's idle timeout can be chosen: that of TLS is fixed, and UDP has none
/// (semantics 1.4).
pub fn has_idle_timeout(protocol: Protocol) -> bool {
    match protocol {
        Protocol::Tcp | Protocol::TcpUdp => true,
        Protocol::Udp | Protocol::Tls => false,
    }
}

/// Whether a listener can forward to a group (semantics 1.2).
pub fn forwards_to(listener: Protocol, group: Protocol) -> bool {
    match listener {
        Protocol::Tcp => matches!(group, Protocol::Tcp | Protocol::TcpUdp),
        Protocol::Tls => matches!(group, Protocol::Tcp | Protocol::Tls),
        Protocol::Udp => matches!(group, Protocol::Udp | Protocol::TcpUdp),
        Protocol::TcpUdp => group == Protocol::TcpUdp,
    }
}

/// Whether two listeners cannot have one port: they take it for the same transport.
pub fn share_transport(one: Protocol, other: Protocol) -> bool {
    (one.is_over_tcp() && other.is_over_tcp()) || (one.is_over_udp() && other.is_over_udp())
}

/// One attribute with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListenerAttribute {
    /// `tcp.idle_timeout.seconds`.
    IdleTimeoutSeconds(u32),
    /// `postern.proxy_protocol_v2.enabled`; none leaves it to the target group.
    ProxyProtocolV2(Option<bool>),
}
