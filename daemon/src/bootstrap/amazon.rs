//! The catalogue: services that everybody sees as `amazon`'s. What the configuration no longer
//! names leaves the catalogue; endpoints to it stay until their owners delete them, and then it
//! goes.

use std::{collections::BTreeSet, sync::Arc};

use control::SubmitError;
use control_core::{
    Command, Refusal, Tags,
    command::{CreateService, ModifyService, TargetDescription},
    resource::{CatalogEntry, EndpointService, Target},
};
use ipnet::Ipv4Net;
use model::{AccountId, LoadBalancerId, Protocol, ZoneName};

use super::{BootstrapError, Run, lookup, service::service_of};
use crate::config::{
    bootstrap as wanted,
    services::{Amazon, Backing, Listener},
};

/// The tag whose value says which of the catalogue's names a service was made for.
const TAG: &str = "postern:amazon";
/// Longest part of a name that a load balancer's name takes over: a port and a hyphen follow in the
/// names of target groups, which have 32 letters.
const NAME_CHARS_MAX: usize = 26;

impl Run<'_> {
    /// Makes the catalogue as it is wanted.
    pub(super) async fn catalog(
        &mut self,
        catalog: &[Amazon],
        zones: &[ZoneName],
    ) -> Result<(), BootstrapError> {
        let stale: Vec<_> = self
            .registry()
            .services()
            .filter(|service| {
                let mark = service.tags.value(TAG);
                let is_ours = mark.is_some() || service.catalog.is_some();
                is_ours && !catalog.iter().any(|it| mark == Some(self::mark(&it.entry).as_str()))
            })
            .cloned()
            .collect();
        for service in stale {
            self.withdraw(&service).await?;
        }
        for amazon in catalog {
            self.offer(amazon, zones).await?;
        }
        Ok(())
    }

    async fn offer(&mut self, amazon: &Amazon, zones: &[ZoneName]) -> Result<(), BootstrapError> {
        let entry = &amazon.entry;
        let what = format!("service \"{}\" of the catalog", entry.name);
        let (owner, load_balancers) = self.backing(amazon, zones).await?;
        let registry = self.registry();
        let found = registry.services().find(|service| {
            service.owner == owner && service.tags.value(TAG) == Some(mark(entry).as_str())
        });
        let (command, found) = match found.cloned() {
            None => (Some(create(entry, &load_balancers)), None),
            Some(found) => (change(entry, &found, &load_balancers), Some(found)),
        };
        let service = match (command, found) {
            (None, Some(service)) => service,
            (Some(command), _) => service_of(&what, self.submit(&what, &owner, command).await?)?,
            (None, None) => return Err(super::other_outcome(&what)),
        };
        self.made.services.insert(entry.name.0.clone(), service);
        Ok(())
    }

    /// Takes a service out of the catalogue, and away if nobody uses it.
    async fn withdraw(&self, service: &EndpointService) -> Result<(), BootstrapError> {
        let what = format!("service {} that left the catalog", service.id);
        if let Some(entry) = &service.catalog {
            tracing::info!(name = %entry.name, service = %service.id, "leaves the catalog");
            let modify = ModifyService { catalog: Some(None), ..ModifyService::of(service.id) };
            self.submit(&what, &service.owner, Command::ModifyService(modify)).await?;
        }
        let delete = Command::DeleteService { service: service.id };
        match self.submit(&what, &service.owner, delete).await {
            Ok(_) => Ok(()),
            Err(BootstrapError::Submit {
                source: SubmitError::Refused(Refusal::ConnectionsExist { .. }),
                ..
            }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// What serves it, and whose that is.
    async fn backing(
        &mut self,
        amazon: &Amazon,
        zones: &[ZoneName],
    ) -> Result<(AccountId, BTreeSet<LoadBalancerId>), BootstrapError> {
        let names = match &amazon.backing {
            Backing::Nothing { account } => return Ok((account.clone(), BTreeSet::new())),
            Backing::LoadBalancers(names) => names.clone(),
            Backing::Listeners { account, proxy_protocol_v2, listeners } => {
                let name = short(&amazon.entry.name.0);
                let subnets = self.platform_network(account, zones).await?;
                for listener in listeners {
                    let group = target_group(&name, account, listener, *proxy_protocol_v2);
                    self.target_group(&group).await?;
                    self.deregister(&group).await?;
                }
                self.load_balancer(&load_balancer(&name, subnets, listeners)).await?;
                self.close(&name, listeners).await?;
                vec![name]
            }
        };
        let mut balancers = Vec::new();
        for name in &names {
            balancers.push(lookup(&self.made.load_balancers, name)?);
        }
        let owner = balancers.first().map(|balancer| balancer.owner.clone());
        let unknown = || BootstrapError::Unknown { name: "load balancer".to_owned() };
        Ok((owner.ok_or_else(unknown)?, balancers.iter().map(|it| it.id).collect()))
    }

    /// Takes away the targets that the configuration no longer names; here they are its alone.
    async fn deregister(&self, wanted: &wanted::TargetGroup) -> Result<(), BootstrapError> {
        let what = format!("target group \"{}\"", wanted.name);
        let group = lookup(&self.made.target_groups, &wanted.name)?;
        let registry = self.registry();
        let stale = registry.targets_of(group.id).filter(|target| {
            let is_wanted = wanted.targets.iter().any(|it| it.address == target.addr.0);
            !is_wanted && !target.is_draining()
        });
        let description = |target: &Arc<Target>| TargetDescription {
            id: target.id(),
            port: target.addr.0.port().try_into().ok(),
            zone: None,
        };
        let targets: Vec<_> = stale.map(description).collect();
        if !targets.is_empty() {
            let command = Command::DeregisterTargets { target_group: group.id, targets };
            self.submit(&what, &group.owner, command).await?;
        }
        Ok(())
    }

    /// Closes the ports that the configuration no longer names.
    async fn close(&self, name: &str, wanted: &[Listener]) -> Result<(), BootstrapError> {
        let balancer = lookup(&self.made.load_balancers, name)?;
        let registry = self.registry();
        let listeners = registry.listeners_of(balancer.id);
        for stale in listeners.filter(|it| !wanted.iter().any(|wanted| wanted.port == it.port)) {
            let what = format!("listener {} of \"{name}\"", stale.port);
            let command = Command::DeleteListener { listener: stale.id };
            self.submit(&what, &balancer.owner, command).await?;
        }
        Ok(())
    }

    /// A network for the load balancers that targets named on the spot need, and its subnets' keys,
    /// one per zone. No packet ever has its addresses.
    async fn platform_network(
        &mut self,
        account: &AccountId,
        zones: &[ZoneName],
    ) -> Result<Vec<String>, BootstrapError> {
        let key = network_key(account);
        let cidr = Ipv4Net::new_assert([10, 0, 0, 0].into(), 16);
        self.vpc(&wanted::Vpc {
            key: key.clone(),
            account: account.clone(),
            cidr,
            admit: Vec::new(),
        })
        .await?;
        let mut keys = Vec::new();
        // The network has room for so many, far more than any Region has.
        for (at, zone) in (0..=u8::MAX).zip(zones) {
            let subnet = wanted::Subnet {
                key: format!("{key}:{zone}"),
                vpc: key.clone(),
                zone: zone.clone(),
                cidr: Ipv4Net::new_assert([10, 0, at, 0].into(), 24),
            };
            self.subnet(&subnet).await?;
            keys.push(subnet.key);
        }
        Ok(keys)
    }
}

/// Tells the services of the catalogue apart.
fn mark(entry: &CatalogEntry) -> String {
    format!("{:?} {}", entry.service_type, entry.name)
}

fn network_key(account: &AccountId) -> String {
    format!("postern:amazon:{account}")
}

fn create(entry: &CatalogEntry, load_balancers: &BTreeSet<LoadBalancerId>) -> Command {
    let tags: Tags = [(TAG, mark(entry).as_str())].into_iter().collect();
    Command::CreateService(CreateService {
        load_balancers: load_balancers.clone(),
        acceptance_required: false,
        ip_address_types: BTreeSet::new(),
        private_dns_name: None,
        supported_regions: BTreeSet::new(),
        catalog: Some(entry.clone()),
        tags,
        client_token: None,
    })
}

/// What it takes to make a service as it is wanted; none if it is.
fn change(
    entry: &CatalogEntry,
    service: &Arc<EndpointService>,
    load_balancers: &BTreeSet<LoadBalancerId>,
) -> Option<Command> {
    let present: BTreeSet<_> = service.load_balancers.keys().copied().collect();
    if service.catalog.as_ref() == Some(entry)
        && present == *load_balancers
        && !service.acceptance_required
    {
        return None;
    }
    Some(Command::ModifyService(ModifyService {
        acceptance_required: Some(false),
        private_dns_name: service.private_dns.is_some().then_some(None),
        add_load_balancers: load_balancers - &present,
        remove_load_balancers: &present - load_balancers,
        catalog: Some(Some(entry.clone())),
        ..ModifyService::of(service.id)
    }))
}

/// A name for what serves a service, of the letters that load balancers' names have: the end of the
/// service's name, as that is what differs.
pub(crate) fn short(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let plain: Vec<char> = name.chars().map(plain).collect();
    let end = plain.iter().skip(plain.len().saturating_sub(NAME_CHARS_MAX));
    end.collect::<String>().trim_matches('-').to_owned()
}

fn target_group(
    name: &str,
    account: &AccountId,
    listener: &Listener,
    proxy_protocol_v2: bool,
) -> wanted::TargetGroup {
    let target = |address| wanted::Target { address, zone: None };
    wanted::TargetGroup {
        name: format!("{name}-{}", listener.port),
        vpc: network_key(account),
        port: listener.port,
        protocol: Protocol::Tcp,
        proxy_protocol_v2,
        attributes: Vec::new(),
        health_check: wanted::HealthCheck::default(),
        targets: listener.targets.iter().copied().map(target).collect(),
    }
}

fn load_balancer(name: &str, subnets: Vec<String>, listeners: &[Listener]) -> wanted::LoadBalancer {
    let listener = |it: &Listener| wanted::Listener {
        port: it.port,
        target_group: format!("{name}-{}", it.port),
        protocol: Protocol::Tcp,
        tls: wanted::ListenerTls::default(),
        idle_timeout: None,
        attributes: Vec::new(),
    };
    wanted::LoadBalancer {
        name: name.to_owned(),
        subnets,
        cross_zone: false,
        attributes: Vec::new(),
        listeners: listeners.iter().map(listener).collect(),
    }
}
