//! Makes the snapshot that the planes serve. Does not know who listens.
//!
//! Served are the endpoints that are pending or available, every load balancer, and every target
//! group that a listener forwards to: targets are probed from the moment that a listener uses them,
//! so that their health is known before the first endpoint exists, as with AWS. VPCs are all in it:
//! DNS may have names for one that has no endpoint. Security groups come as the rules that they
//! come to.
//!
//! [`project_changes`] costs what changed and a copy of the maps' pointers; everything that stays
//! the same stays the same `Arc`, so that a plane sees at a glance what it need not touch.

mod inbound;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use model::{
    Generation, LoadBalancerId, MinimumHealthy, Snapshot, TargetGroupId, VpcEndpointId, VpcId,
};

use crate::{
    record::Key,
    registry::Registry,
    resource::{
        CrossZone, HealthCheck, HealthCheckProtocol, Listener, ListenerTls, LoadBalancer,
        ResourceId, ResourceKind, Subnet, TargetGroup, Threshold, Vpc, VpcEndpoint,
        endpoint_limits, health_check::default_question, ssl_policy::SslPolicy,
    },
    transition::is_served,
};

/// The snapshot of a registry.
pub fn project(registry: &Registry, generation: Generation) -> Snapshot {
    let mut snapshot =
        Snapshot { generation, ..Snapshot::empty(registry.settings().region.clone()) };
    let mut parts = Parts::default();
    parts.vpcs.extend(registry.vpcs().map(|it| it.id));
    parts.endpoints.extend(registry.endpoints().map(|it| it.id));
    parts.load_balancers.extend(registry.load_balancers().map(|it| it.id));
    parts.target_groups.extend(registry.target_groups().map(|it| it.id));
    parts.inbound = inbound::Affected::all(registry);
    parts.refresh(registry, &mut snapshot);
    snapshot
}

/// The snapshot after records changed; none if nothing served did.
pub fn project_changes<'a>(
    registry: &Registry,
    previous: &Snapshot,
    changed: impl IntoIterator<Item = &'a Key>,
    generation: Generation,
) -> Option<Snapshot> {
    let mut parts = Parts::default();
    for key in changed {
        parts.note(registry, previous, key);
    }
    if parts.is_empty() {
        return None;
    }
    let mut snapshot = Snapshot { generation, ..previous.clone() };
    parts.refresh(registry, &mut snapshot).then_some(snapshot)
}

/// Which parts of a snapshot to make anew.
#[derive(Default)]
struct Parts {
    vpcs: BTreeSet<VpcId>,
    endpoints: BTreeSet<VpcEndpointId>,
    load_balancers: BTreeSet<LoadBalancerId>,
    target_groups: BTreeSet<TargetGroupId>,
    inbound: inbound::Affected,
}

impl Parts {
    fn is_empty(&self) -> bool {
        self.vpcs.is_empty()
            && self.endpoints.is_empty()
            && self.load_balancers.is_empty()
            && self.target_groups.is_empty()
            && self.inbound.is_empty()
    }

    /// Notes what depends on a record. A listener is part of its load balancer, and decides whether
    /// a target group is served: so both the one that is now and the one that was matter.
    fn note(&mut self, registry: &Registry, previous: &Snapshot, key: &Key) {
        match key {
            Key::Vpc(id) => {
                self.vpcs.insert(*id);
                self.inbound.note_vpc(registry, *id);
            }
            Key::Endpoint(id) => {
                self.endpoints.insert(*id);
                self.inbound.note_endpoint(registry, *id);
            }
            Key::LoadBalancer(id) => {
                self.load_balancers.insert(*id);
                self.inbound.note_load_balancer(*id);
            }
            Key::TargetGroup(id) => {
                self.target_groups.insert(*id);
            }
            Key::Target(key) => {
                self.target_groups.insert(key.group);
            }
            Key::Listener(id) => {
                if let Some(now) = registry.listener(*id) {
                    self.load_balancers.insert(now.load_balancer);
                    self.target_groups.extend(now.forward.iter().map(|it| it.group));
                }
                for balancer in previous.load_balancers.values() {
                    if let Some(was) = balancer.listeners.iter().find(|it| it.id == *id) {
                        self.load_balancers.insert(balancer.id);
                        self.target_groups.extend(was.forward.iter().map(|it| it.group));
                    }
                }
            }
            Key::Subnet(id) => {
                let was_in = |vpc: &&Arc<model::Vpc>| vpc.subnets.contains_key(id);
                let before = || previous.vpcs.values().find(was_in).map(|vpc| vpc.id);
                self.vpcs.extend(registry.subnet(*id).map(|now| now.vpc).or_else(before));
            }
            Key::Service(id) => self.endpoints.extend(registry.endpoints_of(*id).map(|it| it.id)),
            Key::Permission(_)
            | Key::Notification(_)
            | Key::Message(_)
            | Key::RouteTable(_)
            | Key::ClientToken(_) => {}
            Key::SecurityGroup(id) => self.inbound.note_group(registry, *id),
        }
    }

    /// Makes the parts anew; says whether any is different now.
    fn refresh(&self, registry: &Registry, snapshot: &mut Snapshot) -> bool {
        let mut changed = false;
        for id in &self.vpcs {
            changed |=
                replace(&mut snapshot.vpcs, *id, registry.vpc(*id).map(|it| vpc(registry, it)));
        }
        for id in &self.endpoints {
            let served = registry.endpoint(*id).filter(|it| is_served(it.state));
            changed |=
                replace(&mut snapshot.endpoints, *id, served.map(|it| endpoint(registry, it)));
        }
        for id in &self.load_balancers {
            let served = registry.load_balancer(*id).map(|it| load_balancer(registry, it));
            changed |= replace(&mut snapshot.load_balancers, *id, served);
        }
        for id in &self.target_groups {
            let is_used = registry.referrers(*id, ResourceKind::Listener).next().is_some();
            let served = registry.target_group(*id).filter(|_| is_used);
            let served = served.map(|it| target_group(registry, it));
            changed |= replace(&mut snapshot.target_groups, *id, served);
        }
        changed |= self.inbound.refresh(registry, &mut snapshot.inbound);
        changed
    }
}

/// Puts the new part in the place of the old; says whether they differ. An equal part stays the
/// same `Arc`.
fn replace<K: Ord, V: PartialEq>(map: &mut BTreeMap<K, Arc<V>>, key: K, new: Option<V>) -> bool {
    match new {
        Some(new) => {
            let is_same = map.get(&key).is_some_and(|old| **old == new);
            if !is_same {
                map.insert(key, Arc::new(new));
            }
            !is_same
        }
        None => map.remove(&key).is_some(),
    }
}

fn vpc(registry: &Registry, vpc: &Vpc) -> model::Vpc {
    let subnets = registry.referrers(vpc.id, ResourceKind::Subnet).filter_map(|id| match id {
        ResourceId::Subnet(id) => registry.subnet(id),
        _ => None,
    });
    let subnet =
        |it: &Subnet| model::Subnet { zone: it.zone.clone(), cidrs: it.blocks().collect() };
    model::Vpc {
        id: vpc.id,
        cidrs: vpc.blocks().collect(),
        subnets: subnets.map(|it| (it.id, subnet(it))).collect(),
    }
}

fn endpoint(registry: &Registry, endpoint: &VpcEndpoint) -> model::Endpoint {
    let service = registry.service(endpoint.service);
    let interfaces = endpoint.interfaces.iter().map(|interface| model::Interface {
        id: interface.id,
        subnet: interface.subnet,
        zone: interface.zone.clone(),
        zonal_name: interface.zonal_name.clone(),
        ipv4: interface.ipv4,
        ipv6: interface.ipv6,
        load_balancer: interface.load_balancer,
    });
    model::Endpoint {
        id: endpoint.id,
        owner: endpoint.owner.clone(),
        vpc: endpoint.vpc,
        service: endpoint.service,
        state: endpoint.state,
        regional_name: endpoint.regional_name.clone(),
        private_dns_names: endpoint.private_dns_names.clone(),
        dns_record_ip_type: endpoint.dns_record_ip_type,
        limits: service.map(|it| endpoint_limits::of(&it.tags)).unwrap_or_default(),
        interfaces: interfaces.collect(),
    }
}

fn load_balancer(registry: &Registry, balancer: &LoadBalancer) -> model::LoadBalancer {
    let shift = balancer.zonal_shift.as_ref().filter(|shift| shift.is_active());
    model::LoadBalancer {
        cross_zone: balancer.attributes.cross_zone,
        shifted_zones: shift.map(|shift| shift.zone.clone()).into_iter().collect(),
        client_routing_policy: balancer.attributes.client_routing_policy,
        listeners: registry.listeners_of(balancer.id).map(|it| listener(it)).collect(),
        ..model::LoadBalancer::new(balancer.id, balancer.subnets.keys().cloned())
    }
}

fn listener(listener: &Listener) -> model::Listener {
    model::Listener {
        id: listener.id,
        port: listener.port,
        protocol: listener.protocol,
        idle_timeout: listener.idle_timeout(),
        proxy_protocol_v2: listener.proxy_protocol_v2,
        tls: listener.tls.as_ref().map(|it| Arc::new(termination(it))),
        forward: listener.forward.clone(),
    }
}

fn termination(tls: &ListenerTls) -> model::TlsTermination {
    model::TlsTermination {
        default_certificate: Arc::clone(&tls.default_certificate),
        certificates: tls.certificates.clone(),
        // A policy that is no longer known is kept to what every policy speaks.
        is_tls12_allowed: SslPolicy::named(&tls.ssl_policy).is_some_and(|it| it.is_tls12_allowed),
        alpn: tls.alpn,
    }
}

fn target_group(registry: &Registry, group: &TargetGroup) -> model::TargetGroup {
    let attributes = &group.attributes;
    // Where an instance is that the operator no longer knows, nobody knows.
    let found = registry.targets_of(group.id).filter(|it| registry.settings().knows(it));
    let targets = found.map(|target| model::Target {
        addr: target.addr,
        zone: target.zone.clone(),
        draining: target.is_draining(),
    });
    model::TargetGroup {
        proxy_protocol_v2: attributes.proxy_protocol_v2,
        cross_zone: match attributes.cross_zone {
            CrossZone::On => Some(true),
            CrossZone::Off => Some(false),
            CrossZone::LoadBalancer => None,
        },
        unhealthy_connection_termination: attributes.unhealthy_connection_termination,
        deregistration_connection_termination: attributes.deregistration_connection_termination,
        health_check: health_check(&group.health_check),
        targets: targets.collect(),
        is_sticky: attributes.stickiness,
        dns_failover: MinimumHealthy {
            count: least(attributes.dns_failover_count),
            percentage: percentage(attributes.dns_failover_percentage),
        },
        unhealthy_routing: MinimumHealthy {
            count: Some(attributes.routing_count),
            percentage: percentage(attributes.routing_percentage),
        },
        unhealthy_draining_interval: Duration::from_secs(
            attributes.unhealthy_draining_interval_s.into(),
        ),
        slow_start: Duration::from_secs(attributes.slow_start_s.into()),
        algorithm: attributes.algorithm,
        outlier_detection: attributes.outlier_detection,
        proxy_fields: attributes.proxy_fields,
        ..model::TargetGroup::new(group.id, group.protocol)
    }
}

fn least(threshold: Threshold) -> Option<u32> {
    match threshold {
        Threshold::Off => None,
        Threshold::AtLeast(least) => Some(least),
    }
}

fn percentage(threshold: Threshold) -> Option<u8> {
    // What is more than all is as good as all; it was never let in.
    least(threshold).map(|share| u8::try_from(share).unwrap_or(100))
}

fn health_check(check: &HealthCheck) -> model::HealthCheck {
    let http = || check.http.clone().unwrap_or_else(default_question);
    model::HealthCheck {
        question: match check.protocol {
            HealthCheckProtocol::Tcp => model::Question::Connect,
            HealthCheckProtocol::Http => model::Question::Http(http()),
            HealthCheckProtocol::Https => model::Question::Https(http()),
        },
        port: check.port,
        interval: Duration::from_secs(check.interval_s.into()),
        timeout: Duration::from_secs(check.timeout_s.into()),
        healthy_threshold: check.healthy_threshold,
        unhealthy_threshold: check.unhealthy_threshold,
    }
}
