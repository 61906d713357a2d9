//! Target groups with their targets, load balancers with their listeners.

use std::sync::Arc;

use control_core::{
    Command, Outcome, ResourceId, Settings, Tags,
    command::{
        CreateListener, CreateLoadBalancer, CreateTargetGroup, HealthCheckChange, ModifyListener,
        TargetDescription, TargetZone, TlsChange,
    },
    resource::{
        HealthCheck, Listener, ListenerAttribute, LoadBalancer, LoadBalancerAttribute,
        ResourceKind, Scheme, TargetGroup, TargetGroupAttribute, TargetKey, TargetName, TargetType,
        listener::share_transport,
    },
};
use model::{IpAddressType, Protocol, TargetAddr, WeightedTargetGroup};

use super::{BootstrapError, Run, lookup, named, other_outcome, same, tags, zone};
use crate::config::bootstrap as wanted;

impl Run<'_> {
    pub(super) async fn target_group(
        &mut self,
        wanted: &wanted::TargetGroup,
    ) -> Result<(), BootstrapError> {
        let what = format!("target group \"{}\"", wanted.name);
        let vpc = lookup(&self.made.vpcs, &wanted.vpc)?;
        let registry = self.registry();
        let found = match named(&registry, &vpc.owner, ResourceKind::TargetGroup, &wanted.name) {
            Some(ResourceId::TargetGroup(id)) => registry.target_group(id).cloned(),
            _ => None,
        };
        let mut group = if let Some(group) = found {
            same(&what, "the VPC", &group.vpc, &vpc.id)?;
            same(&what, "the port", &group.port, &wanted.port)?;
            same(&what, "the protocol", &word(group.protocol), &word(wanted.protocol))?;
            group
        } else {
            let command = CreateTargetGroup {
                name: Arc::from(wanted.name.as_str()),
                target_type: TargetType::Ip,
                protocol: wanted.protocol,
                port: wanted.port,
                vpc: vpc.id,
                health_check: health_check(wanted, None),
                tags: tags(&wanted.name),
            };
            let command = Command::CreateTargetGroup(command);
            group_of(&what, self.submit(&what, &vpc.owner, command).await?)?
        };
        for command in group_changes(wanted, &group) {
            group = group_of(&what, self.submit(&what, &vpc.owner, command).await?)?;
        }
        self.register(&what, wanted, &group).await?;
        self.made.target_groups.insert(wanted.name.clone(), group);
        Ok(())
    }

    async fn register(
        &self,
        what: &str,
        wanted: &wanted::TargetGroup,
        group: &TargetGroup,
    ) -> Result<(), BootstrapError> {
        let registry = self.registry();
        let missing = wanted.targets.iter().filter(|target| {
            let key = TargetKey { group: group.id, addr: TargetAddr(target.address) };
            registry.target(key).is_none_or(|target| target.is_draining())
        });
        let targets: Vec<_> = missing.map(|it| description(registry.settings(), it)).collect();
        if !targets.is_empty() {
            let command = Command::RegisterTargets { target_group: group.id, targets };
            self.submit(what, &group.owner, command).await?;
        }
        Ok(())
    }

    pub(super) async fn load_balancer(
        &mut self,
        wanted: &wanted::LoadBalancer,
    ) -> Result<(), BootstrapError> {
        let what = format!("load balancer \"{}\"", wanted.name);
        let mut subnets = Vec::new();
        for key in &wanted.subnets {
            subnets.push(lookup(&self.made.subnets, key)?);
        }
        let Some(owner) = subnets.first().map(|subnet| subnet.owner.clone()) else {
            return Err(BootstrapError::Unknown { name: format!("subnet of {what}") });
        };
        let registry = self.registry();
        let found = match named(&registry, &owner, ResourceKind::LoadBalancer, &wanted.name) {
            Some(ResourceId::LoadBalancer(id)) => registry.load_balancer(id).cloned(),
            _ => None,
        };
        let mut balancer = if let Some(balancer) = found {
            balancer
        } else {
            let command = CreateLoadBalancer {
                name: Arc::from(wanted.name.as_str()),
                subnets: subnets.iter().map(|subnet| subnet.id).collect(),
                scheme: Scheme::Internal,
                ip_address_type: IpAddressType::Ipv4,
                security_groups: [].into(),
                tags: tags(&wanted.name),
            };
            let command = Command::CreateLoadBalancer(command);
            balancer_of(&what, self.submit(&what, &owner, command).await?)?
        };
        // A command that changes nothing does nothing.
        let mut attributes = vec![LoadBalancerAttribute::CrossZone(wanted.cross_zone)];
        attributes.extend(&wanted.attributes);
        let command =
            Command::ModifyLoadBalancerAttributes { load_balancer: balancer.id, attributes };
        balancer = balancer_of(&what, self.submit(&what, &owner, command).await?)?;
        for listener in &wanted.listeners {
            self.listener(&what, &balancer, listener).await?;
        }
        self.made.load_balancers.insert(wanted.name.clone(), balancer);
        Ok(())
    }

    async fn listener(
        &self,
        what: &str,
        balancer: &LoadBalancer,
        wanted: &wanted::Listener,
    ) -> Result<(), BootstrapError> {
        let group = lookup(&self.made.target_groups, &wanted.target_group)?.id;
        let forward = vec![WeightedTargetGroup { group, weight: 1 }];
        let registry = self.registry();
        let mut found = registry.listeners_of(balancer.id).filter(|other| {
            other.port == wanted.port && share_transport(other.protocol, wanted.protocol)
        });
        let tls = TlsChange {
            certificate: wanted.tls.certificates.first().cloned(),
            ssl_policy: wanted.tls.ssl_policy.clone(),
            alpn: wanted.tls.alpn,
        };
        let command = match found.next() {
            Some(listener) => Command::ModifyListener(ModifyListener {
                listener: listener.id,
                port: None,
                protocol: Some(wanted.protocol),
                tls,
                forward: Some(forward),
            }),
            None => Command::CreateListener(CreateListener {
                load_balancer: balancer.id,
                port: wanted.port,
                protocol: wanted.protocol,
                tls,
                forward,
                tags: Tags::none(),
            }),
        };
        let listener = listener_of(what, self.submit(what, &balancer.owner, command).await?)?.id;
        for certificate in wanted.tls.certificates.iter().skip(1) {
            let certificate = Arc::clone(certificate);
            let command = Command::AddListenerCertificate { listener, certificate };
            self.submit(what, &balancer.owner, command).await?;
        }
        let seconds = wanted.idle_timeout.and_then(|idle| u32::try_from(idle.as_secs()).ok());
        let mut attributes = wanted.attributes.clone();
        attributes.extend(seconds.map(ListenerAttribute::IdleTimeoutSeconds));
        if !attributes.is_empty() {
            let command = Command::ModifyListenerAttributes { listener, attributes };
            self.submit(what, &balancer.owner, command).await?;
        }
        Ok(())
    }
}

/// What it takes to make a target group as it is wanted; a command that changes nothing does
/// nothing.
fn group_changes(wanted: &wanted::TargetGroup, group: &TargetGroup) -> [Command; 2] {
    let mut attributes = vec![TargetGroupAttribute::ProxyProtocolV2(wanted.proxy_protocol_v2)];
    attributes.extend(&wanted.attributes);
    let target_group = group.id;
    let health_check = health_check(wanted, Some(&group.health_check));
    [
        Command::ModifyTargetGroupAttributes { target_group, attributes },
        Command::ModifyTargetGroup { target_group, health_check },
    ]
}

/// The health check that is wanted, beside what there is.
fn health_check(wanted: &wanted::TargetGroup, present: Option<&HealthCheck>) -> HealthCheckChange {
    let wanted = &wanted.health_check;
    let interval = wanted.interval.and_then(|interval| u32::try_from(interval.as_secs()).ok());
    // A probe must end before the next one starts, so a short interval shortens the timeout too.
    let is_short = |interval: &u32| present.is_some_and(|it| *interval < it.timeout_s);
    HealthCheckChange {
        protocol: wanted.protocol,
        path: wanted.path.clone(),
        matcher: wanted.matcher.clone(),
        interval_s: interval,
        timeout_s: interval.filter(is_short),
        healthy_threshold: wanted.healthy_threshold,
        unhealthy_threshold: wanted.unhealthy_threshold,
        ..HealthCheckChange::default()
    }
}

/// A protocol, for messages.
fn word(protocol: Protocol) -> String {
    format!("{protocol:?}")
}

fn description(settings: &Settings, target: &wanted::Target) -> TargetDescription {
    let in_zone = |name| TargetZone::One(zone(settings, name));
    let zone = target.zone.as_ref().map_or(TargetZone::All, in_zone);
    let port = target.address.port().try_into().ok();
    TargetDescription { id: TargetName::Ip(target.address.ip()), port, zone: Some(zone) }
}

fn group_of(what: &str, outcome: Outcome) -> Result<Arc<TargetGroup>, BootstrapError> {
    match outcome {
        Outcome::TargetGroup(group) => Ok(group),
        _ => Err(other_outcome(what)),
    }
}

fn balancer_of(what: &str, outcome: Outcome) -> Result<Arc<LoadBalancer>, BootstrapError> {
    match outcome {
        Outcome::LoadBalancer(balancer) => Ok(balancer),
        _ => Err(other_outcome(what)),
    }
}

fn listener_of(what: &str, outcome: Outcome) -> Result<Arc<Listener>, BootstrapError> {
    match outcome {
        Outcome::Listener(listener) => Ok(listener),
        _ => Err(other_outcome(what)),
    }
}
