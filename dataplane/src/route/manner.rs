//! How a pool chooses among its candidates, where that is not by the flow's rank alone.

use dataplane_core::select::{self, Seed, Share};

use super::Target;

/// A manner of choosing; by default the flow's highest-ranking candidate takes it.
#[derive(Debug, Default)]
pub(crate) struct Manner {
    /// Flows rank by their client's address alone.
    pub(crate) is_sticky: bool,
    /// The candidate with the fewest connections takes the flow; for that they are counted.
    pub(crate) is_counting: bool,
    /// How much of its share each candidate takes, if not all take all.
    pub(crate) shares: Option<Box<[Share]>>,
}

impl Manner {
    /// The place of the candidate that takes the flow, leaving out those already tried.
    pub(super) fn choose(
        &self,
        seeds: &[Seed],
        targets: &[std::sync::Arc<Target>],
        flow: u64,
        tried: &[u16],
    ) -> Option<u16> {
        if !self.is_counting && self.shares.is_none() {
            return select::choose(seeds, flow, tried);
        }
        let open = |place: usize| {
            let counted = targets.get(place).filter(|_| self.is_counting);
            counted.map_or(0, |target| target.open())
        };
        select::choose_weighed(seeds, flow, tried, self.shares.as_deref(), open)
    }
}
