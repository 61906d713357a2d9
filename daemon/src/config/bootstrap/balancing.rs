//! Target groups and load balancers of the bootstrap part. Attributes go by the API's names.

use std::{net::SocketAddr, num::NonZeroU16, sync::Arc, time::Duration};

use control_core::resource::{
    HealthCheckProtocol, ListenerAttribute, LoadBalancerAttribute, TargetGroupAttribute,
    health_check::{is_path, matcher},
    ssl_policy,
};
use model::{AlpnPolicy, Matcher, Protocol, ZoneName};

use super::{
    super::{
        kind::{Kind, Parsed, Span, Switch, Whole, Word},
        reader::Table,
    },
    NAME, OneOf, PORT, each, values,
};

/// A target group of type ip.
#[derive(Clone, Debug)]
pub(crate) struct TargetGroup {
    /// Its name, also for the rest of the file.
    pub(crate) name: String,
    /// The VPC's key.
    pub(crate) vpc: String,
    /// What the targets speak.
    pub(crate) protocol: Protocol,
    /// The port of targets that are registered without one.
    pub(crate) port: NonZeroU16,
    /// Whether connections start with a PROXY protocol version 2 header.
    pub(crate) proxy_protocol_v2: bool,
    /// Attributes besides.
    pub(crate) attributes: Vec<TargetGroupAttribute>,
    /// How targets are probed.
    pub(crate) health_check: HealthCheck,
    /// The targets.
    pub(crate) targets: Vec<Target>,
}

/// How targets are probed; none means the API's default.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthCheck {
    /// What a probe speaks.
    pub(crate) protocol: Option<HealthCheckProtocol>,
    /// What a probe over HTTP gets.
    pub(crate) path: Option<Arc<str>>,
    /// The codes of a healthy target.
    pub(crate) matcher: Option<Matcher>,
    /// From one health probe to the next.
    pub(crate) interval: Option<Duration>,
    /// Probes in a row that make a target healthy again.
    pub(crate) healthy_threshold: Option<u8>,
    /// Probes in a row that make a target unhealthy.
    pub(crate) unhealthy_threshold: Option<u8>,
}

/// A target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its zone; none means all of them.
    pub(crate) zone: Option<ZoneName>,
}

/// A network load balancer.
#[derive(Clone, Debug)]
pub(crate) struct LoadBalancer {
    /// Its name, also for the rest of the file.
    pub(crate) name: String,
    /// The subnets' keys.
    pub(crate) subnets: Vec<String>,
    /// Whether a zone's clients are spread over the targets of all zones.
    pub(crate) cross_zone: bool,
    /// Attributes besides.
    pub(crate) attributes: Vec<LoadBalancerAttribute>,
    /// What it listens on.
    pub(crate) listeners: Vec<Listener>,
}

/// A listener.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// The port that clients dial.
    pub(crate) port: NonZeroU16,
    /// The protocol.
    pub(crate) protocol: Protocol,
    /// How TLS is terminated.
    pub(crate) tls: ListenerTls,
    /// The target group's name.
    pub(crate) target_group: String,
    /// How long a connection may carry nothing; none means the API's default.
    pub(crate) idle_timeout: Option<Duration>,
    /// Attributes besides.
    pub(crate) attributes: Vec<ListenerAttribute>,
}

/// How a listener terminates TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListenerTls {
    /// ARNs of certificates, the default one first.
    pub(crate) certificates: Vec<Arc<str>>,
    /// The security policy; none means the API's default.
    pub(crate) ssl_policy: Option<Arc<str>>,
    /// The ALPN policy; none means the API's default.
    pub(crate) alpn: Option<AlpnPolicy>,
}

/// The API's own range (ELBv2).
const THRESHOLD: Whole = Whole { min: 2, max: 10 };
/// The API's own words, all of them.
const PROTOCOL: Word<'_, Protocol> = Word(&[
    ("TCP", Protocol::Tcp),
    ("UDP", Protocol::Udp),
    ("TCP_UDP", Protocol::TcpUdp),
    ("TLS", Protocol::Tls),
]);
const HEALTH_CHECK_PROTOCOL: Word<'_, HealthCheckProtocol> = Word(&[
    ("TCP", HealthCheckProtocol::Tcp),
    ("HTTP", HealthCheckProtocol::Http),
    ("HTTPS", HealthCheckProtocol::Https),
]);
const ALPN_POLICY: Word<'_, AlpnPolicy> = Word(&[
    ("None", AlpnPolicy::None),
    ("HTTP1Only", AlpnPolicy::Http1Only),
    ("HTTP2Only", AlpnPolicy::Http2Only),
    ("HTTP2Optional", AlpnPolicy::Http2Optional),
    ("HTTP2Preferred", AlpnPolicy::Http2Preferred),
]);

pub(super) fn read_group(table: &mut Table<'_>, vpc: &OneOf, zone: &OneOf) -> Option<TargetGroup> {
    let name = table.required("name", &NAME);
    let vpc = table.required("vpc", vpc);
    let protocol = table.optional("protocol", &PROTOCOL).unwrap_or(Protocol::Tcp);
    let port = table.required("port", &PORT);
    let proxy_protocol_v2 = table.optional("proxy_protocol_v2", &Switch).unwrap_or(false);
    let attributes = attributes(table, control::attribute::target_group);
    let health_check = read_health_check(table);
    let targets = each(table, "targets", |t| {
        let address =
            t.required("address", &Parsed("an address and port such as \"10.0.0.5:8080\""));
        let zone = t.optional("zone", zone);
        Some(Target { address: address?, zone: zone.and_then(|zone| zone.parse().ok()) })
    });
    Some(TargetGroup {
        name: name?,
        vpc: vpc?,
        protocol,
        port: port?,
        proxy_protocol_v2,
        attributes,
        health_check,
        targets,
    })
}

fn read_health_check(table: &mut Table<'_>) -> HealthCheck {
    let check = HealthCheck {
        protocol: table.optional("health_check_protocol", &HEALTH_CHECK_PROTOCOL),
        path: table.optional("health_check_path", &HttpPath),
        matcher: table.optional("health_check_matcher", &Codes),
        interval: table.optional("health_check_interval", &Span { min: "5s", max: "300s" }),
        healthy_threshold: table.optional("healthy_threshold", &THRESHOLD),
        unhealthy_threshold: table.optional("unhealthy_threshold", &THRESHOLD),
    };
    if !check.protocol.is_some_and(HealthCheckProtocol::is_http) {
        for key in ["health_check_path", "health_check_matcher"] {
            if table.has(key) {
                table.report(key, "only with health_check_protocol \"HTTP\" or \"HTTPS\"");
            }
        }
    }
    check
}

pub(super) fn read_balancer(
    table: &mut Table<'_>,
    subnet: &OneOf,
    group: &OneOf,
    certificate: &OneOf,
) -> Option<LoadBalancer> {
    let name = table.required("name", &NAME);
    let subnets = values(table.list("subnets", subnet));
    if !table.has("subnets") {
        table.report("subnets", format!("missing; expected a list, each {}", subnet.expected()));
    }
    let cross_zone = table.optional("cross_zone", &Switch).unwrap_or(false);
    let attributes = attributes(table, control::attribute::load_balancer);
    let listeners = each(table, "listeners", |t| read_listener(t, group, certificate));
    Some(LoadBalancer { name: name?, subnets, cross_zone, attributes, listeners })
}

fn read_listener(table: &mut Table<'_>, group: &OneOf, certificate: &OneOf) -> Option<Listener> {
    let port = table.required("port", &PORT);
    let protocol = table.optional("protocol", &PROTOCOL).unwrap_or(Protocol::Tcp);
    let certificates = values(table.list("certificates", certificate));
    let tls = ListenerTls {
        certificates: certificates.into_iter().map(Arc::from).collect(),
        ssl_policy: table.optional("ssl_policy", &SslPolicy),
        alpn: table.optional("alpn_policy", &ALPN_POLICY),
    };
    if protocol == Protocol::Tls && !table.has("certificates") {
        let expected = certificate.expected();
        table.report("certificates", format!("missing; expected a list, each {expected}"));
    }
    for key in ["certificates", "ssl_policy", "alpn_policy"] {
        if protocol != Protocol::Tls && table.has(key) {
            table.report(key, "only with protocol \"TLS\"");
        }
    }
    let target_group = table.required("target_group", group);
    let idle_timeout = table.optional("idle_timeout", &Span { min: "60s", max: "6000s" });
    if table.has("idle_timeout") && matches!(protocol, Protocol::Tls | Protocol::Udp) {
        table.report("idle_timeout", "only with protocol \"TCP\" or \"TCP_UDP\"");
    }
    let attributes = attributes(table, control::attribute::listener);
    Some(Listener {
        port: port?,
        protocol,
        tls,
        target_group: target_group?,
        idle_timeout,
        attributes,
    })
}

/// Reads `attributes`, a list of names with values; what is as it always is says nothing.
fn attributes<A>(
    table: &mut Table<'_>,
    read: fn(&str) -> Result<Option<A>, control::attribute::Unreadable>,
) -> Vec<A> {
    values(table.list("attributes", &Attribute(read))).into_iter().flatten().collect()
}

/// An attribute with its value.
struct Attribute<A>(fn(&str) -> Result<Option<A>, control::attribute::Unreadable>);

impl<A> Kind<Option<A>> for Attribute<A> {
    fn expected(&self) -> String {
        "an attribute's name in the API, =, and a value that it may have".into()
    }

    fn read(&self, value: &toml::de::DeValue<'_>) -> Option<Option<A>> {
        self.0(value.as_str()?).ok()
    }
}

/// What a probe gets.
struct HttpPath;

impl Kind<Arc<str>> for HttpPath {
    fn expected(&self) -> String {
        "a path such as \"/healthy\"".into()
    }

    fn read(&self, value: &toml::de::DeValue<'_>) -> Option<Arc<str>> {
        value.as_str().filter(|path| is_path(path)).map(Arc::from)
    }
}

/// Codes of a healthy target.
struct Codes;

impl Kind<Matcher> for Codes {
    fn expected(&self) -> String {
        "codes from 200 to 599 such as \"200-299,301\"".into()
    }

    fn read(&self, value: &toml::de::DeValue<'_>) -> Option<Matcher> {
        matcher(value.as_str()?)
    }
}

/// The name of a security policy.
struct SslPolicy;

impl Kind<Arc<str>> for SslPolicy {
    fn expected(&self) -> String {
        let names: Vec<_> = ssl_policy::ALL.iter().map(|policy| policy.name).collect();
        format!("a security policy: {}", names.join(", "))
    }

    fn read(&self, value: &toml::de::DeValue<'_>) -> Option<Arc<str>> {
        let name = value.as_str()?;
        ssl_policy::SslPolicy::named(name).map(|policy| policy.name.into())
    }
}
