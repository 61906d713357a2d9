//! Target groups with their targets, load balancers with their listeners.

use std::sync::Arc;

use control_core::{
    Command, Outcome, ResourceId, Settings, Tags,
    command::{
        CreateListener, CreateLoadBalancer, CreateTargetGroup, HealthCheckChange, ModifyListener,
        TargetDescription, TargetZone, TlsChange,
    },
    resource::{
        Listener, ListenerAttribute, LoadBalancer, LoadBalancerAttribute, ResourceKind, Scheme,
        TargetGroup, TargetGroupAttribute, TargetKey,
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
            group
        } else {
            let command = CreateTargetGroup {
                name: Arc::from(wanted.name.as_str()),
                protocol: Protocol::Tcp,
                port: wanted.port,
                vpc: vpc.id,
                health_check: HealthCheckChange::default(),
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
        if balancer.attributes.cross_zone != wanted.cross_zone {
            let attributes = vec![LoadBalancerAttribute::CrossZone(wanted.cross_zone)];
            let command =
                Command::ModifyLoadBalancerAttributes { load_balancer: balancer.id, attributes };
            balancer = balancer_of(&what, self.submit(&what, &owner, command).await?)?;
        }
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
        let mut found = registry
            .listeners()
            .filter(|other| other.load_balancer == balancer.id && other.port == wanted.port);
        let listener = match found.next() {
            Some(listener) if listener.forward == forward => Arc::clone(listener),
            Some(listener) => {
                let command = Command::ModifyListener(ModifyListener {
                    listener: listener.id,
                    port: None,
                    protocol: None,
                    tls: TlsChange::default(),
                    forward: Some(forward),
                });
                listener_of(what, self.submit(what, &balancer.owner, command).await?)?
            }
            None => {
                let command = Command::CreateListener(CreateListener {
                    load_balancer: balancer.id,
                    port: wanted.port,
                    protocol: Protocol::Tcp,
                    tls: TlsChange::default(),
                    forward,
                    tags: Tags::none(),
                });
                listener_of(what, self.submit(what, &balancer.owner, command).await?)?
            }
        };
        let seconds = wanted.idle_timeout.and_then(|idle| u32::try_from(idle.as_secs()).ok());
        if let Some(seconds) = seconds.filter(|seconds| *seconds != listener.idle_timeout_s) {
            let attributes = vec![ListenerAttribute::IdleTimeoutSeconds(seconds)];
            let command = Command::ModifyListenerAttributes { listener: listener.id, attributes };
            self.submit(what, &balancer.owner, command).await?;
        }
        Ok(())
    }
}

/// What it takes to make a target group as it is wanted.
fn group_changes(wanted: &wanted::TargetGroup, group: &TargetGroup) -> Vec<Command> {
    let mut commands = Vec::new();
    if group.attributes.proxy_protocol_v2 != wanted.proxy_protocol_v2 {
        let attributes = vec![TargetGroupAttribute::ProxyProtocolV2(wanted.proxy_protocol_v2)];
        let target_group = group.id;
        commands.push(Command::ModifyTargetGroupAttributes { target_group, attributes });
    }
    let interval =
        wanted.health_check_interval.and_then(|interval| u32::try_from(interval.as_secs()).ok());
    let present = &group.health_check;
    // A probe must end before the next one starts, so a short interval shortens the timeout too.
    let timeout = interval.filter(|interval| *interval < present.timeout_s);
    let change = HealthCheckChange {
        interval_s: interval.filter(|wanted| *wanted != present.interval_s),
        timeout_s: timeout,
        healthy_threshold: wanted
            .healthy_threshold
            .filter(|wanted| *wanted != present.healthy_threshold),
        unhealthy_threshold: wanted
            .unhealthy_threshold
            .filter(|wanted| *wanted != present.unhealthy_threshold),
        ..HealthCheckChange::default()
    };
    if change != HealthCheckChange::default() {
        commands.push(Command::ModifyTargetGroup { target_group: group.id, health_check: change });
    }
    commands
}

fn description(settings: &Settings, target: &wanted::Target) -> TargetDescription {
    let in_zone = |name| TargetZone::One(zone(settings, name));
    let zone = target.zone.as_ref().map_or(TargetZone::All, in_zone);
    let port = target.address.port().try_into().ok();
    TargetDescription { ip: target.address.ip(), port, zone: Some(zone) }
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
