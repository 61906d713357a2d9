//! Makes the snapshot that the planes serve. Does not know who listens.

use model::{Generation, Snapshot};

use crate::registry::Registry;

/// The snapshot of a registry.
pub fn project(registry: &Registry, generation: Generation) -> Snapshot {
    Snapshot { generation, ..Snapshot::empty(registry.settings().region.clone()) }
}
