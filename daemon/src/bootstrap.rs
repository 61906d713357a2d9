//! Makes what the bootstrap part of the configuration asks for, through the same commands as the
//! API.
//!
//! What exists already is found again, VPCs, subnets, services and endpoints by their tag [`TAG`],
//! load balancers and target groups by their name, and is brought in line where the API can change
//! it; so a second run does nothing. What the configuration does not name is left alone. A rejected
//! endpoint stays rejected: the provider's word counts for more than the file's. Relies on the
//! keeper; does not know how requests come over the wire.

use std::{collections::HashMap, sync::Arc};

use control::{Keeper, SubmitError};
use control_core::{
    Caller, Command, Outcome, Registry, ResourceId, Settings, Tags, ZoneRef,
    resource::{
        EndpointService, LoadBalancer, ResourceKind, Subnet, TargetGroup, Vpc, VpcEndpoint,
    },
};
use model::{AccountId, EndpointState, ZoneName};
use thiserror::Error;

use crate::config::Config;

mod amazon;
mod balancing;
mod endpoint;
mod network;
mod service;
#[cfg(test)]
mod tests;

/// The tag whose value is the configuration's key of a resource.
pub(crate) const TAG: &str = "postern:bootstrap";

/// Why something that the configuration asks for does not exist now.
#[derive(Debug, Error)]
pub(crate) enum BootstrapError {
    /// Control says no.
    #[error("bootstrap {what}")]
    Submit {
        /// Which entry.
        what: String,
        /// The reason.
        #[source]
        source: SubmitError,
    },
    /// It exists with another setting that the API cannot change.
    #[error(
        "bootstrap {what}: it exists with {setting} {found}, and the configuration says {wanted}; \
         delete it or give the entry another name"
    )]
    Differs {
        /// Which entry.
        what: String,
        /// Which setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// A command was done and has something else to show than it promises.
    #[error("bootstrap {what}: control answered with another kind of resource")]
    Outcome {
        /// Which entry.
        what: String,
    },
    /// An entry names one that was not made; the configuration's reader refuses such files.
    #[error("bootstrap: there is no {name}")]
    Unknown {
        /// The name.
        name: String,
    },
}

/// What was made or found, by the configuration's names.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    vpcs: HashMap<String, Arc<Vpc>>,
    subnets: HashMap<String, Arc<Subnet>>,
    target_groups: HashMap<String, Arc<TargetGroup>>,
    load_balancers: HashMap<String, Arc<LoadBalancer>>,
    services: HashMap<String, Arc<EndpointService>>,
    /// The endpoints, in the order of the file.
    pub(crate) endpoints: Vec<Arc<VpcEndpoint>>,
}

/// Makes what is missing.
pub(crate) async fn apply(keeper: &Keeper, config: &Config) -> Result<Applied, BootstrapError> {
    let bootstrap = &config.bootstrap;
    let mut run = Run { keeper, made: Applied::default() };
    for vpc in &bootstrap.vpcs {
        run.vpc(vpc).await?;
    }
    for subnet in &bootstrap.subnets {
        run.subnet(subnet).await?;
    }
    for group in &bootstrap.target_groups {
        run.target_group(group).await?;
    }
    for balancer in &bootstrap.load_balancers {
        run.load_balancer(balancer).await?;
    }
    let zones: Vec<_> = config.zones.iter().map(|zone| zone.name.clone()).collect();
    run.catalog(&config.services.amazon, &zones).await?;
    for service in &bootstrap.services {
        run.service(service).await?;
    }
    for endpoint in &bootstrap.endpoints {
        run.endpoint(endpoint).await?;
    }
    Ok(run.made)
}

/// One run over the configuration.
struct Run<'k> {
    keeper: &'k Keeper,
    made: Applied,
}

impl Run<'_> {
    fn registry(&self) -> Arc<Registry> {
        self.keeper.registry()
    }

    /// Submits a command as the account's root user.
    async fn submit(
        &self,
        what: &str,
        account: &AccountId,
        command: Command,
    ) -> Result<Outcome, BootstrapError> {
        let caller = Caller::root(account.clone());
        let outcome = self.keeper.submit(caller, command).await;
        outcome.map_err(|source| BootstrapError::Submit { what: what.to_owned(), source })
    }
}

/// What a resource made for a key is tagged with.
fn tags(key: &str) -> Tags {
    [(TAG, key), ("Name", key)].into_iter().collect()
}

/// Finds a resource of the account by its tag.
fn tagged<'r, T: 'r>(
    resources: impl Iterator<Item = &'r Arc<T>>,
    account: &AccountId,
    key: &str,
    facts: impl Fn(&T) -> (&AccountId, &Tags),
) -> Option<Arc<T>> {
    let mut resources = resources.filter(|resource| {
        let (owner, tags) = facts(resource);
        owner == account && tags.value(TAG) == Some(key)
    });
    resources.next().cloned()
}

/// Finds a resource of the account by its name.
fn named(
    registry: &Registry,
    account: &AccountId,
    kind: ResourceKind,
    name: &str,
) -> Option<ResourceId> {
    registry.named(account, kind, &Arc::from(name))
}

fn lookup<T>(made: &HashMap<String, Arc<T>>, name: &str) -> Result<Arc<T>, BootstrapError> {
    made.get(name).cloned().ok_or_else(|| BootstrapError::Unknown { name: name.to_owned() })
}

fn other_outcome(what: &str) -> BootstrapError {
    BootstrapError::Outcome { what: what.to_owned() }
}

/// A zone by its name in the configuration, which an account may know by another.
fn zone(settings: &Settings, name: &ZoneName) -> ZoneRef {
    let known = settings.zones.iter().find(|zone| zone.name == *name);
    known.map_or_else(|| ZoneRef::Name(name.clone()), |zone| ZoneRef::Id(zone.id.clone()))
}

/// Refuses a resource that exists with another unchangeable setting.
fn same<T: PartialEq + std::fmt::Display>(
    what: &str,
    setting: &'static str,
    found: &T,
    wanted: &T,
) -> Result<(), BootstrapError> {
    if found == wanted {
        return Ok(());
    }
    let (found, wanted) = (found.to_string(), wanted.to_string());
    Err(BootstrapError::Differs { what: what.to_owned(), setting, found, wanted })
}

/// Whether an endpoint is on its way out and a new one may take its place.
fn is_gone(endpoint: &VpcEndpoint) -> bool {
    match endpoint.state {
        EndpointState::Deleting | EndpointState::Deleted => true,
        EndpointState::PendingAcceptance
        | EndpointState::Pending
        | EndpointState::Available
        | EndpointState::Rejected
        | EndpointState::Expired
        | EndpointState::Failed => false,
    }
}
