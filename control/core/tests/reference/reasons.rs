//! What the reference refuses, and why.

use std::collections::BTreeSet;

use model::{LoadBalancerId, ServiceId, SubnetId, VpcEndpointId, VpcId};

use crate::{
    ask::{Ask, Who},
    plain::{Endpoint, Plain, Service, State, Subnet, Vpc, Why, after},
};

impl Plain {
    /// All reasons to refuse what is asked; none if it is to be done.
    pub(crate) fn reasons(&self, who: Who, ask: &Ask) -> BTreeSet<Why> {
        let mut why = BTreeSet::new();
        self.network_reasons(who, ask, &mut why);
        self.provider_reasons(who, ask, &mut why);
        self.consumer_reasons(who, ask, &mut why);
        why
    }

    fn network_reasons(&self, who: Who, ask: &Ask, why: &mut BTreeSet<Why>) {
        match ask {
            Ask::SetHostnames { vpc, .. } | Ask::SetSupport { vpc, .. } => {
                why.extend(self.own_vpc(who, *vpc).err());
            }
            Ask::DeleteVpc { vpc } => {
                why.extend(self.own_vpc(who, *vpc).err());
                let has_endpoint = |it: &Endpoint| it.vpc == *vpc && it.state != "deleted";
                if self.subnets.values().any(|it| it.vpc == *vpc)
                    || self.endpoints.values().any(has_endpoint)
                {
                    why.insert(Why::InUse);
                }
            }
            Ask::CreateSubnet { vpc, network, .. } => {
                why.extend(self.own_vpc(who, *vpc).err());
                let is_there = |it: &Subnet| it.vpc == *vpc && it.network == *network;
                if *network == 9 {
                    why.insert(Why::OutsideVpc);
                } else if self.subnets.values().any(is_there) {
                    why.insert(Why::Overlap);
                }
            }
            Ask::DeleteSubnet { subnet } => {
                if self.subnets.get(subnet).is_none_or(|it| it.owner != who.account()) {
                    why.insert(Why::NotFound);
                }
                let uses = |it: &Endpoint| it.interfaces.contains_key(subnet);
                if self.endpoints.values().any(|it| it.state != "deleted" && uses(it)) {
                    why.insert(Why::InUse);
                }
            }
            _ => {}
        }
    }

    fn consumer_reasons(&self, who: Who, ask: &Ask, why: &mut BTreeSet<Why>) {
        match ask {
            Ask::CreateEndpoint { vpc, service, subnets, private } => {
                why.extend(self.own_vpc(who, *vpc).err());
                match self.services.get(service).filter(|it| admits(it, who)) {
                    None => drop(why.insert(Why::NoSuchServiceName)),
                    Some(it) => {
                        if it.name.is_some_and(|(_, proof)| proof == "failed") {
                            why.insert(Why::NotProven);
                        }
                        if *private {
                            self.private_reasons(*vpc, it, None, why);
                        }
                        self.zone_reasons(it, subnets, why);
                    }
                }
                self.placement_reasons(who, *vpc, subnets, why);
            }
            Ask::ModifyEndpoint { endpoint, add, remove, private } => {
                match self.endpoints.get(endpoint).filter(|it| it.owner == who.account()) {
                    None => drop(why.insert(Why::NotFound)),
                    Some(it) => {
                        let wanted = (add, remove, *private);
                        self.modify_reasons(who, (*endpoint, it), wanted, why);
                    }
                }
            }
            Ask::DeleteEndpoint { endpoint } => {
                let own = self.endpoints.get(endpoint).filter(|it| it.owner == who.account());
                if own.is_none_or(|it| it.state == "deleted") {
                    why.insert(Why::NotFound);
                }
            }
            Ask::Accept { service, endpoint } => {
                self.connection_reasons(who, (*service, *endpoint), "accept", why);
            }
            Ask::Reject { service, endpoint } => {
                self.connection_reasons(who, (*service, *endpoint), "reject", why);
            }
            _ => {}
        }
    }

    fn provider_reasons(&self, who: Who, ask: &Ask, why: &mut BTreeSet<Why>) {
        match ask {
            Ask::CreateService { balancers, .. } => {
                self.balancer_reasons(who, None, balancers, why);
            }
            Ask::SetBalancers { service, add, remove } => {
                let Ok(it) = self.own_service(who, *service) else {
                    why.insert(Why::NotFound);
                    return;
                };
                if !remove.is_subset(&it.balancers) {
                    why.insert(Why::BalancerNotInService);
                }
                let mut connected = self
                    .endpoints
                    .values()
                    .filter(|it| it.service == *service && is_connected(it.state));
                if connected.any(|it| it.interfaces.values().any(|lb| remove.contains(lb))) {
                    why.insert(Why::Connections);
                }
                self.balancer_reasons(who, Some(*service), &(&(&it.balancers - remove) | add), why);
            }
            Ask::StartVerification { service } => match self.own_service(who, *service) {
                Err(reason) => drop(why.insert(reason)),
                Ok(it) if it.name.is_none() => drop(why.insert(Why::NoPrivateName)),
                Ok(_) => {}
            },
            Ask::DeleteService { service } => {
                why.extend(self.own_service(who, *service).err());
                let mut endpoints = self.endpoints.values().filter(|it| it.service == *service);
                if endpoints.any(|it| is_connected(it.state)) {
                    why.insert(Why::Connections);
                }
            }
            Ask::SetAcceptance { service, .. }
            | Ask::SetName { service, .. }
            | Ask::Permit { service, .. } => why.extend(self.own_service(who, *service).err()),
            _ => {}
        }
    }

    fn balancer_reasons(
        &self,
        who: Who,
        service: Option<ServiceId>,
        wanted: &BTreeSet<LoadBalancerId>,
        why: &mut BTreeSet<Why>,
    ) {
        if wanted.is_empty() {
            why.insert(Why::NoBalancer);
        }
        for id in wanted {
            if self.balancers.get(id).is_none_or(|it| it.owner != who.account()) {
                why.insert(Why::NotFound);
            }
            let mut others = self.services.iter().filter(|(other, _)| Some(**other) != service);
            if others.any(|(_, it)| it.balancers.contains(id)) {
                why.insert(Why::BalancerTaken);
            }
        }
    }

    /// Whether the endpoint may have the service's private name (guide: "Private DNS").
    fn private_reasons(
        &self,
        vpc: VpcId,
        service: &Service,
        endpoint: Option<VpcEndpointId>,
        why: &mut BTreeSet<Why>,
    ) {
        let Some((name, proof)) = service.name else {
            why.insert(Why::NoPrivateName);
            return;
        };
        if proof != "verified" {
            why.insert(Why::NotProven);
        }
        if self.vpcs.get(&vpc).is_some_and(|it| !it.support || !it.hostnames) {
            why.insert(Why::DnsAttributes);
        }
        let holds = |(id, it): (&VpcEndpointId, &Endpoint)| {
            Some(*id) != endpoint
                && it.vpc == vpc
                && it.state != "deleted"
                && it.private == Some(name)
        };
        if self.endpoints.iter().any(holds) {
            why.insert(Why::NameTaken);
        }
    }

    /// Whether there may be interfaces in these subnets, whatever the service.
    fn placement_reasons(
        &self,
        who: Who,
        vpc: VpcId,
        subnets: &BTreeSet<SubnetId>,
        why: &mut BTreeSet<Why>,
    ) {
        let mut zones = BTreeSet::new();
        for id in subnets {
            match self.subnets.get(id).filter(|it| it.owner == who.account()) {
                None => drop(why.insert(Why::NotFound)),
                Some(it) if it.vpc != vpc => drop(why.insert(Why::SubnetOutsideVpc)),
                Some(it) if !zones.insert(it.zone) => drop(why.insert(Why::SameZone)),
                Some(_) => {}
            }
        }
    }

    /// Whether the service is in the zones of these subnets.
    fn zone_reasons(
        &self,
        service: &Service,
        subnets: &BTreeSet<SubnetId>,
        why: &mut BTreeSet<Why>,
    ) {
        let zones = self.zones(service);
        let known = subnets.iter().filter_map(|id| self.subnets.get(id));
        if known.into_iter().any(|it| !zones.contains(&it.zone)) {
            why.insert(Why::ServiceNotInZone);
        }
    }

    fn modify_reasons(
        &self,
        who: Who,
        (id, it): (VpcEndpointId, &Endpoint),
        (add, remove, private): (&BTreeSet<SubnetId>, &BTreeSet<SubnetId>, Option<bool>),
        why: &mut BTreeSet<Why>,
    ) {
        if after(it.state, "modify").is_none() {
            why.insert(Why::State);
            return;
        }
        let present: BTreeSet<SubnetId> = it.interfaces.keys().copied().collect();
        if !remove.is_subset(&present) {
            why.insert(Why::SubnetNotInEndpoint);
        }
        let kept = &present - remove;
        self.placement_reasons(who, it.vpc, &(&kept | add), why);
        let service = &self.services[&it.service];
        self.zone_reasons(service, &(add - &kept), why);
        if private == Some(true) && it.private.is_none() {
            self.private_reasons(it.vpc, service, Some(id), why);
        }
    }

    fn connection_reasons(
        &self,
        who: Who,
        (service, endpoint): (ServiceId, VpcEndpointId),
        event: &str,
        why: &mut BTreeSet<Why>,
    ) {
        let Ok(own) = self.own_service(who, service) else {
            why.insert(Why::NotFound);
            return;
        };
        let connected = self.endpoints.get(&endpoint).filter(|it| it.service == service);
        let Some(it) = connected else {
            why.insert(Why::NoSuchConnection);
            return;
        };
        if after(it.state, event).is_none() {
            why.insert(Why::State);
        } else if event == "accept" {
            // While it was rejected, its load balancer may have left the service.
            let zones = self.zones(own);
            let lost = it.interfaces.iter().filter(|(_, lb)| !own.balancers.contains(lb));
            let mut lost = lost.filter_map(|(subnet, _)| self.subnets.get(subnet));
            if lost.any(|it| !zones.contains(&it.zone)) {
                why.insert(Why::ServiceNotInZone);
            }
        }
    }

    /// The zones of a service: those of its load balancers.
    fn zones(&self, service: &Service) -> BTreeSet<usize> {
        let balancers = service.balancers.iter().filter_map(|id| self.balancers.get(id));
        balancers.flat_map(|it| it.zones.iter().copied()).collect()
    }

    fn own_vpc(&self, who: Who, id: VpcId) -> Result<&Vpc, Why> {
        self.vpcs.get(&id).filter(|it| it.owner == who.account()).ok_or(Why::NotFound)
    }

    fn own_service(&self, who: Who, id: ServiceId) -> Result<&Service, Why> {
        self.services.get(&id).filter(|it| it.owner == who.account()).ok_or(Why::NotFound)
    }
}

/// Whether a connection in this state keeps its service and load balancer (guide: "Delete an
/// endpoint service").
fn is_connected(state: State) -> bool {
    matches!(state, "pendingAcceptance" | "pending" | "available")
}

/// Whether a service is there for whoever asks: its owner's account, and those it admits.
fn admits(service: &Service, who: Who) -> bool {
    service.owner == who.account()
        || service.admitted.iter().any(|principal| match principal {
            0 => true,
            1 => who == Who::A,
            2 => who != Who::A,
            _ => who == Who::Ann,
        })
}
