//! Each step of an explanation in words, with its facts for programs.

use std::num::NonZeroU16;

use control_core::{Registry, resource::VpcEndpoint};
use dataplane::IdleEnd;
use dataplane_core::{
    explain::{
        Asked, Binding, CertificateFacts, Found, GroupFacts, ListenerFacts, Path, Step, Stop,
        Verdict,
    },
    reason::{ENDPOINT_BYTE_RATE, End, Refusal},
    select::Routing,
    wire::Wire,
};
use model::{BindFailure, EndpointLimits, LoadBalancerId, Protocol, SecurityGroupId};
use serde_json::{Value, json};

use super::{
    advice::advice,
    rules::{judged, rule_facts},
    target::{choice, group_facts, standing_of, target},
};

/// What is known beside the explanation.
pub(super) struct Words<'a> {
    pub(super) registry: &'a Registry,
    pub(super) endpoint: &'a VpcEndpoint,
    pub(super) asked: &'a Asked,
    pub(super) idle_end: IdleEnd,
}

/// One step as it is told.
pub(super) struct Line {
    pub(super) step: &'static str,
    pub(super) says: String,
    pub(super) stop: Option<Stop>,
    pub(super) advice: Option<String>,
    pub(super) facts: Value,
    pub(super) targets: Vec<(Value, String)>,
}

/// How a connection ends its way, as it is told.
pub(super) struct Result {
    pub(super) word: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) says: String,
}

impl Words<'_> {
    /// Tells a step.
    pub(super) fn line(&self, path: &Path, step: &Step) -> Line {
        let (name, says, facts) = match &step.found {
            Found::Address(binding) => {
                let is_bound = step.stop.is_none();
                ("address", bound(path, *binding), json!({ "bound": is_bound }))
            }
            Found::Listener { listener, load_balancer, ports } => {
                listener_told(path, (listener.as_ref(), self.idle_end), *load_balancer, ports)
            }
            Found::EndpointRules(rules) => {
                let groups: Vec<_> = self.endpoint.security_groups.iter().copied().collect();
                let says = judged(&groups, rules, "it has none");
                ("endpoint_security_groups", says, rule_facts(&groups, rules))
            }
            Found::LoadBalancerRules(rules) => {
                let groups = self.balancer_groups(path);
                let says = judged(&groups, rules, why_not_asked(&groups));
                ("load_balancer_security_groups", says, rule_facts(&groups, rules))
            }
            Found::EndpointLimits { limits, open } => limits_told(*limits, *open, path.wire),
            Found::Limit { connections_max: most } => {
                let name = Refusal::TooManyConnections.name();
                let says = format!("a worker holds {most} connections and refuses more: {name}");
                ("limit", says, json!({ "connections_per_worker": most }))
            }
            Found::Certificates(found) => {
                ("certificates", presented(found), certificate_facts(found))
            }
            Found::FlowLimit { flows_max: most } => {
                let name = End::Evicted.name();
                let says = format!("of {most} UDP flows one ends for the next one: {name}");
                ("limit", says, json!({ "udp_flows": most }))
            }
            Found::Forward { weights } => {
                let says = match step.stop {
                    Some(_) => "to no target group: none has a weight".to_owned(),
                    None => format!("by weights of {weights} in all"),
                };
                ("forward", says, json!({ "weights": weights }))
            }
            Found::Group(group) => ("target_group", self.group(group), group_facts(group)),
        };
        let targets = match &step.found {
            Found::Group(group) => group.targets.iter().map(|it| target(group, it)).collect(),
            _ => Vec::new(),
        };
        let advice = self.advice(path, step);
        Line { step: name, says, stop: step.stop, advice, facts, targets }
    }

    /// What to do about a step that stops a connection, or that only just lets it pass.
    fn advice(&self, path: &Path, step: &Step) -> Option<String> {
        if let Some(stop) = step.stop {
            return Some(advice(self, Some(path), stop));
        }
        match &step.found {
            Found::Group(group) if group.weight > 0 && group.routing == Routing::FailOpen => {
                Some("see that the targets run and that their health checks reach them".to_owned())
            }
            _ => None,
        }
    }

    /// Why there is nothing to dial.
    pub(super) fn nothing_to_dial(&self, stop: Stop) -> String {
        let state = self.endpoint.state;
        match stop {
            Stop::NoAddress if self.endpoint.interfaces.is_empty() => {
                "the endpoint has no subnet, and so no address".to_owned()
            }
            Stop::NoAddress => "the endpoint has no such address for this client".to_owned(),
            _ => format!("the endpoint is {state}: nothing listens on its addresses"),
        }
    }

    /// The security groups of a path's load balancer.
    pub(super) fn balancer_groups(&self, path: &Path) -> Vec<SecurityGroupId> {
        let balancer = self.registry.load_balancer(path.load_balancer);
        balancer.into_iter().flat_map(|it| &it.security_groups).copied().collect()
    }

    fn group(&self, group: &GroupFacts) -> String {
        let name = self.registry.target_group(group.id);
        let name =
            name.map_or_else(|| group.id.to_string(), |it| format!("{} ({})", it.name, it.id));
        let switch = |on: bool| if on { "on" } else { "off" };
        let (choice, state) = (choice(group), standing_of(group));
        format!(
            "{name}: weight {} of {}, PROXY protocol v2 {}, cross-zone {}, {choice}; {state}",
            group.weight,
            group.of,
            switch(group.proxy_protocol_v2),
            switch(group.is_cross_zone),
        )
    }
}

fn listener_told(
    path: &Path,
    (listener, idle_end): (Option<&ListenerFacts>, IdleEnd),
    load_balancer: LoadBalancerId,
    ports: &[NonZeroU16],
) -> (&'static str, String, Value) {
    let says = match listener {
        Some(it) => format!(
            "{} of load balancer {load_balancer}: {} port {}, idle timeout {} s ({})",
            it.id,
            protocol(it.protocol),
            path.address.port(),
            it.idle_timeout.as_secs(),
            idle_end.name(),
        ),
        None => format!("load balancer {load_balancer} has none for this port"),
    };
    let facts = json!({
        "load_balancer": load_balancer,
        "listener": listener.map(|it| it.id),
        "idle_timeout_s": listener.map(|it| it.idle_timeout.as_secs()),
        "idle_end": idle_end.name(),
        "ports": ports,
    });
    ("listener", says, facts)
}

fn presented(certificates: &[CertificateFacts]) -> String {
    let each = certificates.iter().map(|it| {
        let default = if it.is_default { " (default)" } else { "" };
        let loaded = if it.is_loaded { "loaded" } else { "not in the configuration" };
        format!("{}{default}: {loaded}", it.arn)
    });
    let each: Vec<_> = each.collect();
    if each.is_empty() { "it has none".to_owned() } else { each.join(", ") }
}

fn certificate_facts(certificates: &[CertificateFacts]) -> Value {
    let each = certificates
        .iter()
        .map(|it| json!({ "arn": it.arn, "default": it.is_default, "loaded": it.is_loaded }));
    json!({ "certificates": each.collect::<Vec<_>>() })
}

/// What an endpoint may have, and what those are refused with who come on top.
fn limits_told(limits: EndpointLimits, open: u64, wire: Wire) -> (&'static str, String, Value) {
    let EndpointLimits { connections, new_connections_per_second, bytes_per_second } = limits;
    let (many, new) = (Refusal::EndpointConnections, Refusal::EndpointConnectionRate);
    let says = [
        connections.map(|most| format!("{most} connections ({many})")),
        new_connections_per_second.map(|most| format!("{most} new ones per second ({new})")),
        bytes_per_second.map(|most| match wire {
            Wire::Tcp => format!("{most} bytes per second, more of which wait"),
            Wire::Udp => {
                format!("{most} bytes per second, more of which are lost ({ENDPOINT_BYTE_RATE})")
            }
        }),
    ];
    let says: Vec<_> = says.into_iter().flatten().collect();
    let facts = json!({
        "connections": connections,
        "open": open,
        "new_connections_per_second": new_connections_per_second,
        "bytes_per_second": bytes_per_second,
    });
    let says = format!("the endpoint may have {}; {open} are open", says.join(", "));
    ("endpoint_limits", says, facts)
}

/// Why a load balancer's groups are not asked.
fn why_not_asked(groups: &[SecurityGroupId]) -> &'static str {
    if groups.is_empty() {
        "it has none"
    } else {
        "they do not count for connections through endpoints"
    }
}

/// How a connection ends its way.
pub(super) fn result(path: &Path) -> Result {
    let (failed, late) = (End::ConnectFailed.name(), End::ConnectTimeout.name());
    let refused = End::TargetRefused.name();
    match path.verdict() {
        Verdict::Passes(Routing::Healthy) => Result {
            word: "passes",
            reason: None,
            says: "one of the candidates takes it".to_owned(),
        },
        Verdict::Passes(Routing::FailOpen) => Result {
            word: "fails_open",
            reason: None,
            says: match path.wire {
                Wire::Tcp => format!(
                    "candidates are tried whether healthy or not; if none takes the connection, \
                     that ends as {failed} or {late}"
                ),
                Wire::Udp => format!(
                    "one of the candidates, healthy or not, has it; if it takes no datagrams, the \
                     flow ends as {refused}"
                ),
            },
        },
        Verdict::Depends { stop, weight, of } => Result {
            word: "depends",
            reason: Some(stop.name()),
            says: format!("{weight} of {of} connections stop: {}", stop.name()),
        },
        Verdict::Stops(stop) => Result {
            word: "stops",
            reason: Some(stop.name()),
            says: format!("{}; the client {}", stop.name(), seen(path.wire, stop)),
        },
    }
}

/// What a client sees of a stop.
fn seen(wire: Wire, stop: Stop) -> &'static str {
    match stop {
        Stop::Refused(_) if wire == Wire::Udp => "hears nothing",
        Stop::Refused(_) => "is reset",
        Stop::NotServed
        | Stop::NoAddress
        | Stop::NotBoundYet
        | Stop::NotBound
        | Stop::NoListener => {
            "is refused by the kernel, or hears nothing if no machine has the address"
        }
    }
}

fn bound(path: &Path, binding: Binding) -> String {
    match binding {
        Binding::Bound => "the data plane listens on it".to_owned(),
        Binding::Failed(reason) => BindFailure { addr: path.address, reason }.to_string(),
        Binding::Doubtful(failure) => {
            format!("bound, unless it fails like another of its interface: {failure}")
        }
        Binding::Untried => "the data plane has not come to it yet".to_owned(),
    }
}

/// A protocol's name, as the API has it.
fn protocol(protocol: Protocol) -> String {
    json!(protocol).as_str().unwrap_or_default().to_owned()
}
