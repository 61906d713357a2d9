//! Draws identifiers, name tokens and addresses from a seeded source.

use control_core::Draw;

/// A seeded source of numbers.
#[derive(Debug)]
pub(crate) struct Seeded(fastrand::Rng);

impl Seeded {
    /// The source of a seed: the same seed draws the same numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }
}

impl Draw for Seeded {
    fn bits(&mut self) -> u64 {
        self.0.u64(..)
    }
}
