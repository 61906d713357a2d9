//! Interface endpoints, and their acceptance on the provider's behalf.

use std::sync::Arc;

use control_core::{
    Command, Outcome,
    command::{CreateEndpoint, ModifyEndpoint, SubnetAddresses},
    resource::{VpcAttribute, VpcEndpoint},
    transition::{self, Move},
};
use model::{EndpointState, IpAddressType};

use super::{BootstrapError, Run, is_gone, lookup, other_outcome, same, tagged, tags};
use crate::config::bootstrap as wanted;

impl Run<'_> {
    pub(super) async fn endpoint(
        &mut self,
        wanted: &wanted::Endpoint,
    ) -> Result<(), BootstrapError> {
        let what = format!("endpoint \"{}\"", wanted.key);
        let vpc = lookup(&self.made.vpcs, &wanted.vpc)?;
        let service = lookup(&self.made.services, &wanted.service)?;
        let registry = self.registry();
        if wanted.private_dns && !vpc.takes_private_dns() {
            for attribute in [VpcAttribute::DnsSupport(true), VpcAttribute::DnsHostnames(true)] {
                let command = Command::ModifyVpcAttribute { vpc: vpc.id, attribute };
                self.submit(&what, &vpc.owner, command).await?;
            }
        }
        let living = registry.endpoints().filter(|endpoint| !is_gone(endpoint));
        let found =
            tagged(living, &vpc.owner, &wanted.key, |endpoint| (&endpoint.owner, &endpoint.tags));
        let mut endpoint = if let Some(endpoint) = found {
            same(&what, "the VPC", &endpoint.vpc, &vpc.id)?;
            same(&what, "the service", &endpoint.service, &service.id)?;
            endpoint
        } else {
            let mut addresses = Vec::new();
            for interface in &wanted.interfaces {
                let subnet = lookup(&self.made.subnets, &interface.subnet)?.id;
                addresses.push(SubnetAddresses { subnet, ipv4: interface.ipv4, ipv6: None });
            }
            let command = Command::CreateEndpoint(CreateEndpoint {
                vpc: vpc.id,
                service_name: service.name(&registry.settings().region),
                subnets: addresses.iter().map(|addresses| addresses.subnet).collect(),
                addresses,
                ip_address_type: IpAddressType::Ipv4,
                dns_record_ip_type: None,
                private_dns: wanted.private_dns,
                security_groups: [].into(),
                policy: None,
                tags: tags(&wanted.key),
                client_token: None,
            });
            endpoint_of(&what, self.submit(&what, &vpc.owner, command).await?)?
        };
        let may_change = transition::after(endpoint.state, Move::Modify).is_some();
        if wanted.private_dns && endpoint.private_dns_names.is_empty() && may_change {
            let modify =
                ModifyEndpoint { private_dns: Some(true), ..ModifyEndpoint::of(endpoint.id) };
            let command = Command::ModifyEndpoint(modify);
            endpoint = endpoint_of(&what, self.submit(&what, &vpc.owner, command).await?)?;
        }
        if wanted.accept && endpoint.state == EndpointState::PendingAcceptance {
            let (service_id, id) = (service.id, endpoint.id);
            let command = Command::AcceptConnection { service: service_id, endpoint: id };
            endpoint = endpoint_of(&what, self.submit(&what, &service.owner, command).await?)?;
        }
        self.made.endpoints.push(endpoint);
        Ok(())
    }
}

fn endpoint_of(what: &str, outcome: Outcome) -> Result<Arc<VpcEndpoint>, BootstrapError> {
    match outcome {
        Outcome::Endpoint(endpoint) => Ok(endpoint),
        _ => Err(other_outcome(what)),
    }
}
