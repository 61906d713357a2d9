//! Which zones a client sees, and everything that is served at one moment.
//!
//! A [`Catalog`] is immutable: whoever answers takes one, answers from it, and takes the next one
//! for the next question, so no answer mixes two. Unchanged zones are shared between catalogs.
//! Does not know sockets, nor how zones are made.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use model::Generation;

use crate::{
    name::{NameHash, ancestors},
    zone::Zone,
};

/// The zones that a client sees.
#[derive(Clone, Debug, Default)]
pub struct View {
    zones: HashMap<Box<[u8]>, Arc<Zone>, NameHash>,
    /// Bit *n* is set if some zone's name has *n* labels: a question is looked up at those only.
    depths: u128,
}

impl View {
    /// Adds a zone, in place of one of the same name.
    pub(crate) fn insert(&mut self, zone: Arc<Zone>) {
        let apex = zone.apex().as_wire();
        self.depths |= 1 << crate::name::label_count(apex);
        self.zones.insert(apex.into(), zone);
    }

    /// The zone nearest above a name that has this many labels.
    pub(crate) fn zone_of(&self, name: &[u8], label_count: usize) -> Option<&Zone> {
        let at_most = (0..=label_count).rev();
        ancestors(name)
            .zip(at_most)
            .filter(|(_, depth)| self.depths >> depth & 1 == 1)
            .find_map(|(apex, _)| self.zones.get(apex))
            .map(|zone| &**zone)
    }
}

/// All that is served at one moment.
#[derive(Clone, Debug)]
pub struct Catalog {
    generation: Generation,
    public: View,
}

impl Catalog {
    /// A catalog in which every client sees the same.
    pub(crate) fn new(generation: Generation, public: View) -> Self {
        Self { generation, public }
    }

    /// The snapshot that it was made from.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// What a client at this address sees.
    pub fn view_of(&self, _client: IpAddr) -> &View {
        &self.public
    }

    /// How many names exist.
    pub fn name_count(&self) -> usize {
        self.public.zones.values().map(|zone| zone.name_count()).sum()
    }
}
