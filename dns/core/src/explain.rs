//! Why a client gets the answer that it gets: which view, which zone, which endpoint, which of its
//! addresses, and what else there is that this client does not see.
//!
//! Follows a name the way `answer` does, through the same tables, and says at each step what it
//! found. For people who ask, so it may allocate and look at everything. Does not word anything.

mod endpoint;

use std::net::IpAddr;

use ipnet::IpNet;
use model::{Generation, Health, Snapshot, VpcId};

pub use self::endpoint::{
    ClientZone, EndpointFacts, EndpointName, InterfaceFacts, Use, ZoneHealth, endpoint_of_name,
};
use self::endpoint::{endpoint_name, facts, private_name};

use crate::{
    answer::answer,
    catalog::{Catalog, Place},
    name::{NAME_LEN_MAX, Name, label_count},
    node::Node,
    outcome::{Outcome, Transport},
    search::renamed,
    view::{ForwardPlan, View},
    wire::{CLASS_IN, RecordType, UDP_LEN_MAX, flag},
    zone::Lookup,
};

/// How many names are followed: as many as an answer follows.
const STEPS_MAX: usize = 16;

/// A question whose answer is to be explained.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The name.
    pub name: &'a Name,
    /// The type.
    pub rtype: RecordType,
    /// Who asks.
    pub client: IpAddr,
    /// The network in which the address is that is asked, if it is in one.
    pub listener: Option<VpcId>,
}

/// Why a question is answered as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The snapshot that is answered from.
    pub generation: Generation,
    /// Whose view counts; everyone's if none.
    pub view: Option<VpcId>,
    /// Why that one.
    pub because: Because,
    /// The names, from the one asked along its aliases.
    pub steps: Vec<Step>,
    /// Where the question goes, if it is not answered here.
    pub forward: Option<ForwardPlan>,
    /// Networks in whose view there is an answer, although there is none in this one.
    pub elsewhere: Vec<VpcId>,
}

/// What decided about the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The address asked is in the network.
    Listener,
    /// The longest prefix that holds the client's address is the network's: one of its own, or one
    /// that the operator says asks on its behalf.
    Prefix {
        /// The prefix.
        prefix: IpNet,
        /// Whether it is the network's own.
        is_inside: bool,
    },
    /// The longest prefix is more than one network's.
    Ambiguous(IpNet),
    /// The longest prefix is a network's that sees nothing of its own.
    SeesNothingMore(VpcId),
    /// No prefix holds the client's address.
    Unknown,
}

/// One name on the way to the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The name.
    pub name: Name,
    /// Where it was looked up.
    pub source: Source,
    /// The wildcard that stands for it, if one does.
    pub wildcard: Option<Name>,
    /// What was found.
    pub found: Found,
    /// The endpoint whose name it is.
    pub endpoint: Option<EndpointFacts>,
}

/// Where a name was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Among the network's private DNS names.
    PrivateNames,
    /// Among the names of the network's interface addresses.
    InterfaceAddresses,
    /// In the zone of endpoint names.
    EndpointZone(Name),
    /// In a zone from a file, which one network sees, or all.
    StaticZone(Name, Option<VpcId>),
    /// Nowhere: the name is in no zone of the view.
    Nowhere,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Records of the type.
    Records,
    /// An alias.
    Alias(Name),
    /// The name, but no records of the type.
    NoData,
    /// Servers to which the zone delegates this name.
    Delegation(Name),
    /// Nothing: the zone does not have the name.
    Absent,
}

/// Explains the answer to a question.
pub fn explain(
    catalog: &Catalog,
    (snapshot, health): (&Snapshot, &Health),
    asked: &Asked<'_>,
) -> Explanation {
    let (view, because) = choose(catalog, asked);
    let steps = follow(view, (snapshot, health), asked);
    let (outcome, generation) = (outcome(view, asked), catalog.generation());
    let forward = view.forward_plan().filter(|_| outcome == Outcome::Forwarded);
    let is_answered = matches!(outcome, Outcome::NoError | Outcome::NoData | Outcome::Referral);
    let elsewhere = if is_answered { Vec::new() } else { answered_in(catalog, asked) };
    Explanation { generation, view: view.owner().vpc, because, steps, forward, elsewhere }
}

fn choose<'c>(catalog: &'c Catalog, asked: &Asked<'_>) -> (&'c View, Because) {
    if let Some(vpc) = asked.listener {
        return (catalog.view_in(vpc, asked.client), Because::Listener);
    }
    let view = catalog.view_of(asked.client);
    let because = match catalog.network_of(asked.client) {
        None => Because::Unknown,
        Some((prefix, None)) => Because::Ambiguous(prefix),
        Some((_, Some(Place { vpc, .. }))) if view.owner().vpc.is_none() => {
            Because::SeesNothingMore(vpc)
        }
        Some((prefix, Some(Place { is_inside, .. }))) => Because::Prefix { prefix, is_inside },
    };
    (view, because)
}

fn follow(view: &View, (snapshot, health): (&Snapshot, &Health), asked: &Asked<'_>) -> Vec<Step> {
    let mut steps = Vec::<Step>::new();
    let mut name = asked.name.clone();
    while steps.len() < STEPS_MAX && steps.iter().all(|step| step.name != name) {
        let step = step(view, (snapshot, health), asked, name);
        let next = match &step.found {
            Found::Alias(target) => Some(target.clone()),
            _ => None,
        };
        steps.push(step);
        match next {
            Some(next) => name = next,
            None => break,
        }
    }
    steps
}

fn step(view: &View, world: (&Snapshot, &Health), asked: &Asked<'_>, name: Name) -> Step {
    let wire = name.as_wire();
    let labels = label_count(wire);
    if let Some(node) = view.island(wire, labels) {
        let is_reverse = node.rrset(RecordType::PTR).is_some();
        let source = if is_reverse { Source::InterfaceAddresses } else { Source::PrivateNames };
        return found(source, node, view, world, asked, name);
    }
    let Some((zone, is_own)) = view.zone_and_whose(wire, labels) else {
        return bare(name, Source::Nowhere, Found::Absent);
    };
    let apex = zone.apex().clone();
    let source = if !is_own && apex == crate::endpoint_zone::apex(&world.0.region) {
        Source::EndpointZone(apex)
    } else {
        Source::StaticZone(apex, view.owner().vpc.filter(|_| is_own))
    };
    match zone.lookup(wire) {
        Lookup::Exact(node) | Lookup::Wildcard(node) => {
            found(source, node, view, world, asked, name)
        }
        Lookup::Delegated(cut) => {
            bare(name, source, Found::Delegation(Name::from_wire(cut.name())))
        }
        Lookup::Renamed(node) => {
            let mut room = [0; NAME_LEN_MAX];
            let target = renamed(node, wire, &mut room).map(Name::from_wire);
            bare(name, source, target.map_or(Found::Absent, Found::Alias))
        }
        Lookup::Absent => bare(name, source, Found::Absent),
    }
}

fn bare(name: Name, source: Source, found: Found) -> Step {
    Step { name, source, wildcard: None, found, endpoint: None }
}

fn found(
    source: Source,
    node: &Node,
    view: &View,
    (snapshot, health): (&Snapshot, &Health),
    asked: &Asked<'_>,
    name: Name,
) -> Step {
    let rtype = asked.rtype;
    let is_any = rtype == RecordType::ANY && !node.rrsets().is_empty();
    let alias = node.rrset(RecordType::CNAME).filter(|_| !node.hides(rtype));
    let alias = alias.and_then(|cname| cname.targets().next());
    let found = match alias {
        _ if is_any || node.rrset(rtype).is_some() => Found::Records,
        Some(target) => Found::Alias(Name::from_wire(target)),
        None => Found::NoData,
    };
    let is_stood_for = node.name() != name.as_wire();
    let wildcard = is_stood_for.then(|| Name::from_wire(node.name()));
    let endpoint = match &source {
        Source::PrivateNames => {
            let vpc = view.owner().vpc;
            private_name(snapshot, node, vpc).map(|it| (it, EndpointName::Private))
        }
        Source::EndpointZone(_) => endpoint_name(snapshot, &name),
        _ => None,
    };
    let endpoint = endpoint.map(|(endpoint, which)| {
        facts((snapshot, health), (asked, view.owner().vpc), endpoint, which)
    });
    Step { name, source, wildcard, found, endpoint }
}

/// What comes of the question in a view.
fn outcome(view: &View, asked: &Asked<'_>) -> Outcome {
    let mut buffer = [0; UDP_LEN_MAX];
    answer(view, &question(asked.name, asked.rtype), Transport::Udp, 0, &mut buffer).outcome
}

/// The networks in whose view there is an answer.
fn answered_in(catalog: &Catalog, asked: &Asked<'_>) -> Vec<VpcId> {
    let views = catalog.whole_views();
    let is_answered = |view: &View| outcome(view, asked) == Outcome::NoError;
    views.filter(|(_, view)| is_answered(view)).map(|(vpc, _)| vpc).collect()
}

/// A message that asks for a name and wants recursion.
pub fn question(name: &Name, rtype: RecordType) -> Vec<u8> {
    let mut message = vec![0, 0];
    message.extend(flag::RECURSION_DESIRED.to_be_bytes());
    message.extend([0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend_from_slice(name.as_wire());
    message.extend(rtype.0.to_be_bytes());
    message.extend(CLASS_IN.to_be_bytes());
    message
}
