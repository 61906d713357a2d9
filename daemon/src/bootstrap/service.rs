//! Endpoint services with their permissions.

use std::{collections::BTreeSet, sync::Arc};

use control_core::{
    Command, Outcome, Tags,
    command::{CreateService, ModifyService},
    resource::{EndpointService, permission::AUTOMATIC},
    tag::ACCEPTANCE,
};
use model::LoadBalancerId;

use super::{BootstrapError, Run, lookup, other_outcome, tagged, tags};
use crate::config::bootstrap as wanted;

impl Run<'_> {
    pub(super) async fn service(&mut self, wanted: &wanted::Service) -> Result<(), BootstrapError> {
        let what = format!("service \"{}\"", wanted.key);
        let mut balancers = Vec::new();
        for name in &wanted.load_balancers {
            balancers.push(lookup(&self.made.load_balancers, name)?);
        }
        let Some(owner) = balancers.first().map(|balancer| balancer.owner.clone()) else {
            return Err(BootstrapError::Unknown { name: format!("load balancer of {what}") });
        };
        let load_balancers: BTreeSet<_> = balancers.iter().map(|balancer| balancer.id).collect();
        let found = tagged(self.registry().services(), &owner, &wanted.key, |service| {
            (&service.owner, &service.tags)
        });
        let command = match &found {
            None => Some(Command::CreateService(CreateService {
                load_balancers,
                acceptance_required: wanted.acceptance_required,
                ip_address_types: BTreeSet::new(),
                private_dns_name: None,
                supported_regions: [].into(),
                catalog: None,
                tags: tags(&wanted.key),
                client_token: None,
            })),
            Some(service) => change(wanted, service, &load_balancers),
        };
        let service = match (command, found) {
            (None, Some(service)) => service,
            (Some(command), _) => service_of(&what, self.submit(&what, &owner, command).await?)?,
            (None, None) => return Err(other_outcome(&what)),
        };
        self.permissions(&what, wanted, &service).await?;
        self.acceptances(&what, wanted, &service).await?;
        self.made.services.insert(wanted.key.clone(), service);
        Ok(())
    }

    async fn permissions(
        &self,
        what: &str,
        wanted: &wanted::Service,
        service: &EndpointService,
    ) -> Result<(), BootstrapError> {
        let registry = self.registry();
        let present: BTreeSet<_> =
            registry.permissions_of(service.id).map(|it| &it.principal).collect();
        let named = wanted.allowed_principals.iter().chain(&wanted.accepted_principals);
        let missing = named.filter(|wanted| !present.contains(wanted));
        let add: Vec<_> = missing.cloned().collect();
        if !add.is_empty() {
            let (id, remove) = (service.id, Vec::new());
            let command = Command::ModifyServicePermissions { service: id, add, remove };
            self.submit(what, &service.owner, command).await?;
        }
        Ok(())
    }
}

impl Run<'_> {
    /// Marks the permissions whose requests are accepted at once. Marks that the file does not ask
    /// for are left alone.
    async fn acceptances(
        &self,
        what: &str,
        wanted: &wanted::Service,
        service: &EndpointService,
    ) -> Result<(), BootstrapError> {
        let registry = self.registry();
        let unmarked = registry.permissions_of(service.id).filter(|permission| {
            wanted.accepted_principals.contains(&permission.principal)
                && !permission.accepts_at_once()
        });
        let resources: Vec<_> = unmarked.map(|permission| permission.id.into()).collect();
        if !resources.is_empty() {
            let tags: Tags = [(ACCEPTANCE, AUTOMATIC)].into_iter().collect();
            self.submit(what, &service.owner, Command::CreateTags { resources, tags }).await?;
        }
        Ok(())
    }
}

/// What it takes to make a service as it is wanted; none if it is.
fn change(
    wanted: &wanted::Service,
    service: &EndpointService,
    load_balancers: &BTreeSet<LoadBalancerId>,
) -> Option<Command> {
    let present: BTreeSet<_> = service.load_balancers.keys().copied().collect();
    let acceptance = Some(wanted.acceptance_required);
    let change = ModifyService {
        acceptance_required: acceptance.filter(|wanted| *wanted != service.acceptance_required),
        add_load_balancers: load_balancers - &present,
        remove_load_balancers: &present - load_balancers,
        ..ModifyService::of(service.id)
    };
    (change != ModifyService::of(service.id)).then_some(Command::ModifyService(change))
}

pub(super) fn service_of(
    what: &str,
    outcome: Outcome,
) -> Result<Arc<EndpointService>, BootstrapError> {
    match outcome {
        Outcome::Service(service) => Ok(service),
        _ => Err(other_outcome(what)),
    }
}
