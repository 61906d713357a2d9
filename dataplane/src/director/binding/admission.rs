//! Whom each listener admits: the rules of its endpoint and of its load balancer, made into tables.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use dataplane_core::admission::{Admission, Sources};
use model::{InboundRules, Interface, Protocol, Snapshot, VpcEndpointId};

use super::{Address, Bindings, Spot, changed};
use crate::route::Change;

/// Makes the tables of one snapshot; listeners of one port whose rules are the same share theirs.
#[derive(Debug)]
pub(super) struct Admissions<'a> {
    snapshot: &'a Snapshot,
    tables: HashMap<(*const InboundRules, Protocol, u16), Arc<Sources>>,
}

impl<'a> Admissions<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        Self { snapshot, tables: HashMap::new() }
    }

    /// Whom a listener of an endpoint's interface admits on one wire: rules for the other one say
    /// nothing about it.
    pub(super) fn of(
        &mut self,
        endpoint: VpcEndpointId,
        interface: &Interface,
        (addr, wire): Spot,
    ) -> Admission {
        let (rules, balancer) = (&self.snapshot.inbound, interface.load_balancer);
        let (protocol, port) = (wire.protocol(), addr.port());
        Admission::of(rules, endpoint, balancer, |rules| self.table(rules, protocol, port))
    }

    fn table(
        &mut self,
        rules: &'a Arc<InboundRules>,
        protocol: Protocol,
        port: u16,
    ) -> Arc<Sources> {
        let key = (Arc::as_ptr(rules), protocol, port);
        let table = self.tables.entry(key);
        Arc::clone(table.or_insert_with(|| Arc::new(Sources::of(rules, protocol, port))))
    }
}

impl Bindings {
    /// Gives listeners whose rules changed their new tables.
    pub(in crate::director) fn readmit(
        &self,
        before: Option<&Snapshot>,
        snapshot: &Snapshot,
    ) -> Vec<Change> {
        let Some(before) = before else { return Vec::new() };
        let (was, is) = (&before.inbound, &snapshot.inbound);
        let mut affected = changed(&was.endpoints, &is.endpoints);
        let balancers = changed(&was.load_balancers, &is.load_balancers);
        if !balancers.is_empty() {
            let uses_one = |endpoint: &model::Endpoint| {
                endpoint.interfaces.iter().any(|it| balancers.contains(&it.load_balancer))
            };
            let users = self.served.iter().filter(|(_, served)| uses_one(&served.endpoint));
            affected.extend(users.map(|(id, _)| *id));
        }
        let mut admissions = Admissions::new(snapshot);
        let mut changes = Vec::new();
        for id in affected {
            let interfaces = self.served.get(&id).map_or(&[][..], |served| &served.interfaces);
            for interface in interfaces {
                changes.extend(listening(&interface.addresses).map(|(spot, key)| {
                    Change::SetAdmission(key, admissions.of(id, &interface.described, spot))
                }));
            }
        }
        changes
    }
}

/// The addresses that are listened on, with the place of each.
fn listening(
    addresses: &BTreeMap<Spot, Address>,
) -> impl Iterator<Item = (Spot, crate::route::Key)> {
    addresses.iter().filter_map(|(spot, address)| match address {
        Address::Listening { key, .. } => Some((*spot, *key)),
        Address::Tried | Address::Failed(_) => None,
    })
}
