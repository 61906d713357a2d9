//! Names with their records, as tables keep them. Does not know what is around a name.

use crate::{
    affinity::{Affinity, Asker},
    name::{Name, is_wildcard},
    record::RrSet,
    wire::RecordType,
};

/// A name of a zone with its records.
#[derive(Debug)]
pub(crate) struct Node {
    name: Box<[u8]>,
    rrsets: Box<[RrSet]>,
    place: Place,
    hidden: Option<RecordType>,
    affinity: Option<Box<Affinity>>,
}

/// Where a node stands in its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The zone answers for it.
    Inside,
    /// The zone ends here: its NS records delegate it.
    Cut,
    /// Below such an end, or a redirection; kept for addresses of name servers.
    Below,
}

impl Node {
    /// A name that the zone answers for.
    pub(crate) fn new(name: Name, rrsets: Vec<RrSet>) -> Self {
        Self::placed(name, rrsets, Place::Inside)
    }

    /// A name anywhere in a zone.
    pub(crate) fn placed(name: Name, rrsets: Vec<RrSet>, place: Place) -> Self {
        Self { name: name.into_wire(), rrsets: rrsets.into(), place, hidden: None, affinity: None }
    }

    /// A name that exists only because something is below it.
    pub(crate) fn empty(name: &[u8], place: Place) -> Self {
        Self { name: name.into(), rrsets: Box::new([]), place, hidden: None, affinity: None }
    }

    /// The node, without any record of this type, even where its alias leads to one.
    pub(crate) fn hiding(self, hidden: Option<RecordType>) -> Self {
        Self { hidden, ..self }
    }

    /// The node, with other records for clients in some zones.
    pub(crate) fn favouring(self, affinity: Option<Affinity>) -> Self {
        Self { affinity: affinity.map(Box::new), ..self }
    }

    /// Whether it has no record of this type, whatever its alias leads to.
    pub(crate) fn hides(&self, rtype: RecordType) -> bool {
        self.hidden == Some(rtype)
    }

    /// Where it stands in its zone.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Whether it stands for names that do not exist (RFC 4592 2.1.1).
    pub(crate) fn is_wildcard(&self) -> bool {
        is_wildcard(&self.name)
    }

    /// Whether all names below it are redirected (RFC 6672 2.3). Of a wildcard the RFC leaves
    /// that open, so it is not.
    pub(crate) fn renames(&self) -> bool {
        self.place == Place::Inside
            && self.rrset(RecordType::DNAME).is_some()
            && !self.is_wildcard()
    }

    /// The name.
    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    /// The records of a type.
    pub(crate) fn rrset(&self, rtype: RecordType) -> Option<&RrSet> {
        self.rrsets.iter().find(|rrset| rrset.rtype() == rtype)
    }

    /// All records that there are for one who asks.
    pub(crate) fn rrsets_for(&self, asker: impl FnOnce() -> Asker) -> &[RrSet] {
        let affinity = self.affinity.as_deref();
        affinity.and_then(|affinity| affinity.rrsets(&asker())).unwrap_or(&self.rrsets)
    }

    /// All records.
    pub(crate) fn rrsets(&self) -> &[RrSet] {
        &self.rrsets
    }
}
