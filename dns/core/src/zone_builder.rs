//! Making a zone of single records in any order. Knows what records may stand together; does not
//! know where they come from.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    master::Problem,
    name::{Name, NameHash, ancestors, is_wildcard, label_count},
    node::{Node, Place},
    record::RrSet,
    wire::RecordType,
    zone::Zone,
};

/// The data of the records of one type, with their TTL.
type Records = (u32, BTreeSet<Box<[u8]>>);

/// What may stand beside a CNAME record: SIG, KEY, NXT, RRSIG, NSEC (RFC 2535 2.3.5, RFC 4034 3).
const BESIDE_ALIAS: [RecordType; 5] =
    [RecordType(24), RecordType(25), RecordType(30), RecordType(46), RecordType(47)];

/// A zone under construction.
#[derive(Debug)]
pub(crate) struct ZoneBuilder {
    apex: Name,
    names: HashMap<Name, BTreeMap<RecordType, Records>, NameHash>,
}

impl ZoneBuilder {
    /// A zone of this name, without records.
    pub(crate) fn new(apex: Name) -> Self {
        Self { apex, names: HashMap::default() }
    }

    /// The name of the zone.
    pub(crate) fn apex(&self) -> &Name {
        &self.apex
    }

    /// Adds a record of a name in the zone. The same one twice is one (RFC 2181 5), and the lowest
    /// TTL is that of all records of the type (RFC 2181 5.2).
    pub(crate) fn add(
        &mut self,
        owner: &Name,
        rtype: RecordType,
        ttl: u32,
        data: Box<[u8]>,
    ) -> Result<(), Problem> {
        if rtype == RecordType::SOA && *owner != self.apex {
            return Err(Problem::Soa);
        }
        let types = self.names.entry(owner.clone()).or_default();
        let (least, records) = types.entry(rtype).or_insert((ttl, BTreeSet::new()));
        *least = ttl.min(*least);
        records.insert(data);
        let singular = |rtype| types.get(&rtype).is_some_and(|(_, records)| records.len() > 1);
        // RFC 1035 5.2: one SOA. RFC 2181 10.1: an alias stands alone, but for what signs it.
        if singular(RecordType::SOA) {
            return Err(Problem::Soa);
        }
        let is_alias = types.contains_key(&RecordType::CNAME);
        let others = types.keys().filter(|rtype| !BESIDE_ALIAS.contains(rtype));
        if is_alias && others.count() > 1 || singular(RecordType::CNAME) {
            return Err(Problem::Alias);
        }
        // RFC 6672 2.4: a name is redirected once.
        if singular(RecordType::DNAME) {
            return Err(Problem::Alias);
        }
        Ok(())
    }

    /// The zone, if it has what a zone needs.
    pub(crate) fn build(self) -> Result<Zone, Problem> {
        let Self { apex, names } = self;
        let soa = names.get(&apex).and_then(|types| types.get(&RecordType::SOA));
        let (soa_ttl, soa) = soa
            .map(|(ttl, data)| (*ttl, data.iter().flatten().copied().collect::<Vec<u8>>()))
            .ok_or(Problem::Soa)?;
        let ends = |(name, types): &(&Name, &BTreeMap<_, _>)| {
            types.contains_key(&RecordType::NS) && **name != apex
        };
        let redirects = |(name, types): &(&Name, &BTreeMap<_, _>)| {
            types.contains_key(&RecordType::DNAME) && !is_wildcard(name.as_wire())
        };
        let wire = |(name, _): (&Name, _)| name.as_wire().into();
        let cuts: BTreeSet<Box<[u8]>> = names.iter().filter(ends).map(wire).collect();
        let renames = names.iter().filter(redirects).map(wire).collect();
        let ends = Ends { cuts, renames };
        let mut nodes: Vec<_> = names.into_iter().collect();
        // From the apex down, so that a cut comes before what is below it.
        nodes.sort_by_cached_key(|(name, _)| label_count(name.as_wire()));
        let count = nodes.len();
        let nodes = nodes.into_iter().map(|(name, types)| node(name, types, &ends));
        Ok(Zone::assemble(apex, (&soa, soa_ttl), count, nodes))
    }
}

/// Where a zone's answers end.
struct Ends {
    /// Names that are delegated.
    cuts: BTreeSet<Box<[u8]>>,
    /// Names below which all are redirected.
    renames: BTreeSet<Box<[u8]>>,
}

impl Ends {
    fn place(&self, name: &[u8]) -> Place {
        let is_cut = |name: &[u8]| self.cuts.contains(name);
        let is_end = |name: &[u8]| is_cut(name) || self.renames.contains(name);
        if self.cuts.is_empty() && self.renames.is_empty() {
            Place::Inside
        } else if ancestors(name).skip(1).any(is_end) {
            Place::Below
        } else if is_cut(name) {
            Place::Cut
        } else {
            Place::Inside
        }
    }
}

fn node(name: Name, types: BTreeMap<RecordType, Records>, ends: &Ends) -> Arc<Node> {
    let place = ends.place(name.as_wire());
    let rrset =
        |(rtype, (ttl, data)): (_, Records)| RrSet::new(rtype, ttl, data.into_iter().collect());
    let rrsets = types.into_iter().map(rrset);
    Arc::new(Node::placed(name, rrsets.collect(), place))
}
