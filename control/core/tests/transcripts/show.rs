//! What `show` shows: what a caller sees, one line each.

use control_core::{Caller, describe::View, resource::Traffic};
use model::{InboundRules, Snapshot};

use crate::{network, session::Session};

pub(crate) fn show(session: &Session, caller: &Caller, what: &str) -> Vec<String> {
    let view = session.registry.view(caller);
    let lines: Vec<String> = match what {
        "endpoints" => view
            .endpoints()
            .map(|it| {
                let addresses: Vec<_> = it
                    .interfaces
                    .iter()
                    .map(|it| {
                        let addresses: Vec<_> = it.addresses().map(|it| it.to_string()).collect();
                        format!("{} via {}", addresses.join(","), it.load_balancer)
                    })
                    .collect();
                let error = it.last_error.as_ref().map_or("", |it| &it.message);
                format!("{} {} [{}] {error}", it.id, it.state, addresses.join(", "))
            })
            .collect(),
        "names" => view
            .endpoints()
            .flat_map(|it| {
                let zonal = it.interfaces.iter().map(|it| it.zonal_name.to_string());
                std::iter::once(it.regional_name.to_string()).chain(zonal)
            })
            .collect(),
        "connections" => view
            .connections()
            .map(|it| {
                let (endpoint, service) = (&it.endpoint, &it.service);
                format!(
                    "{} of {} to {} {}",
                    endpoint.id, endpoint.owner, service.id, endpoint.state
                )
            })
            .collect(),
        "services" => view
            .visible_services()
            .map(|it| {
                let zones: Vec<_> = it.zones().into_iter().map(ToString::to_string).collect();
                format!("{} of {} in {}", it.id, it.owner, zones.join(","))
            })
            .collect(),
        "interfaces" => view
            .network_interfaces()
            .map(|it| {
                let (interface, endpoint) = (it.interface, it.endpoint);
                assert!(view.network_interface(interface.id).is_ok());
                format!("{} of {} in {}", interface.id, endpoint.id, interface.subnet)
            })
            .collect(),
        "targets" => view
            .target_groups()
            .flat_map(|group| view.targets(group.id).unwrap())
            .map(|it| format!("{} {:?} {:?}", it.addr, it.zone, it.state))
            .collect(),
        "tags" => view
            .tags()
            .flat_map(|(id, tags)| {
                let tags: Vec<_> = tags.iter().collect();
                tags.into_iter().map(move |(key, value)| format!("{id} {key}={value}"))
            })
            .collect(),
        "blocks" => network::show(view),
        "private-dns" | "groups" | "carried" | "routes" => details(view, what),
        "catalog" | "payers" => details(view, what),
        what => told(session, caller, what),
    };
    if lines.is_empty() {
        return vec!["none".into()];
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// What only some scripts ask for.
fn details(view: View<'_>, what: &str) -> Vec<String> {
    match what {
        "private-dns" => view
            .endpoints()
            .map(|it| format!("{} {} {:?}", it.id, it.state, it.private_dns_names))
            .collect(),
        "catalog" => view
            .visible_services()
            .map(|it| {
                let name = it.name(&view.settings().region);
                format!("{name} of {} for {:?}", it.owner_name(), it.service_type())
            })
            .collect(),
        "payers" => view.endpoints().map(|it| format!("{} {:?}", it.id, it.payer)).collect(),
        "groups" => view
            .security_groups()
            .map(|it| {
                let rules = it.rules.values().map(|rule| {
                    assert!(it.rules.keys().all(|rule| view.rule_group(*rule).is_ok()));
                    let Traffic { direction, protocol, from_port, to_port, peer } = rule.traffic;
                    format!("{direction:?} {protocol:?} {from_port}-{to_port} {peer:?}")
                });
                let mut rules: Vec<_> = rules.collect();
                rules.sort();
                format!("{} {:?} [{}]", it.id, it.name, rules.join(", "))
            })
            .collect(),
        "carried" => view
            .endpoints()
            .map(|it| format!("{} carries {:?}", it.id, it.security_groups))
            .collect(),
        "routes" => view
            .route_tables()
            .map(|it| {
                let routes: Vec<_> = it
                    .routes
                    .iter()
                    .map(|it| format!("{} {}", it.destination, it.target))
                    .collect();
                let subnets: Vec<_> = it.associations.values().collect();
                let main = if it.main.is_some() { "main" } else { "" };
                format!("{} of {} [{}] {subnets:?} {main}", it.id, it.vpc, routes.join(", "))
            })
            .collect(),
        what => panic!("{what} cannot be shown"),
    }
}

/// Who is told of connections, and what waits to be sent.
fn told(session: &Session, caller: &Caller, what: &str) -> Vec<String> {
    let registry = &session.registry;
    match what {
        "notifications" => registry
            .view(caller)
            .notifications()
            .map(|it| format!("{} to {} of {:?}", it.id, it.topic, it.events))
            .collect(),
        "messages" => registry
            .messages_of(&caller.account)
            .filter_map(|id| registry.message(id))
            .map(|it| {
                let (event, endpoint, state) = (it.event, it.endpoint, it.state);
                format!("{event:?} {endpoint} {state} to {}", it.topic)
            })
            .collect(),
        what => panic!("{what} cannot be shown"),
    }
}

pub(crate) fn snapshot(snapshot: &Snapshot) -> Vec<String> {
    let endpoints =
        snapshot.endpoints.values().map(|it| format!("endpoint {} {}", it.id, it.state));
    let balancers = snapshot.load_balancers.values().map(|it| {
        let ports: Vec<_> = it.listeners.iter().map(|it| it.port.to_string()).collect();
        format!("load balancer {} listens on [{}]", it.id, ports.join(","))
    });
    let groups = snapshot
        .target_groups
        .values()
        .map(|it| format!("target group {} with {} targets", it.id, it.targets.len()));
    endpoints.chain(balancers).chain(groups).collect()
}

/// Whom endpoints and load balancers admit.
pub(crate) fn inbound(snapshot: &Snapshot) -> Vec<String> {
    let line = |id: String, rules: &InboundRules| {
        let rules = rules
            .rules()
            .iter()
            .map(|it| format!("{} {:?} {}-{}", it.source, it.transport, it.from_port, it.to_port));
        format!("{id} admits [{}]", rules.collect::<Vec<_>>().join(", "))
    };
    let inbound = &snapshot.inbound;
    let endpoints = inbound.endpoints.iter().map(|(id, it)| line(id.to_string(), it));
    let balancers = inbound.load_balancers.iter().map(|(id, it)| line(id.to_string(), it));
    let lines: Vec<_> = endpoints.chain(balancers).collect();
    if lines.is_empty() { vec!["everybody is admitted".into()] } else { lines }
}
