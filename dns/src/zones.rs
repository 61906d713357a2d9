//! The thread that makes catalogs: it waits for a new snapshot or new health, builds, and swaps.
//!
//! Answering never waits for it: whoever answers goes on with the last catalog until the next one
//! is whole. Changes that come during a build are taken together by the next one. Snapshots never
//! go back, and if their maker goes away the last one is served on. Does not know wire formats.

use std::sync::Arc;

use arc_swap::ArcSwap;
use dns_core::{Catalog, CatalogBuilder};
use model::{Clock, Health, Snapshot};
use tokio::{runtime::Handle, sync::watch};

use crate::metrics::Builds;

/// What catalogs are made of.
pub(crate) struct Source {
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(crate) health: watch::Receiver<Arc<Health>>,
}

/// Makes catalogs of a source.
pub(crate) struct Zones {
    source: Source,
    builder: CatalogBuilder,
    clock: Arc<dyn Clock>,
    metrics: Builds,
    snapshot: Arc<Snapshot>,
    health: Arc<Health>,
}

impl Zones {
    pub(crate) fn new(mut source: Source, builder: CatalogBuilder, clock: Arc<dyn Clock>) -> Self {
        let snapshot = Arc::clone(&source.snapshots.borrow_and_update());
        let health = Arc::clone(&source.health.borrow_and_update());
        Self { source, builder, clock, metrics: Builds::new(), snapshot, health }
    }

    /// Makes the catalog of what was last seen.
    pub(crate) fn build(&mut self) -> Arc<Catalog> {
        let started = self.clock.monotonic();
        let catalog = self.builder.build(&self.snapshot, &self.health);
        let took = self.clock.monotonic().saturating_duration_since(started);
        self.metrics.duration.record(took);
        self.metrics.generation.set(catalog.generation().0 as f64);
        self.metrics.names.set(catalog.name_count() as f64);
        tracing::debug!(generation = %catalog.generation(), ?took, "built the DNS zones");
        Arc::new(catalog)
    }

    /// Builds whenever something changed, until told to stop.
    pub(crate) fn run(
        mut self,
        catalog: &ArcSwap<Catalog>,
        mut stop: watch::Receiver<bool>,
        runtime: &Handle,
    ) {
        while runtime.block_on(self.source.changed(&mut stop)) {
            if self.take() {
                catalog.store(self.build());
            }
        }
    }

    /// Takes what is new; whether anything is.
    fn take(&mut self) -> bool {
        let snapshot = Arc::clone(&self.source.snapshots.borrow_and_update());
        let health = Arc::clone(&self.source.health.borrow_and_update());
        let is_newer = snapshot.generation > self.snapshot.generation;
        if is_newer {
            self.snapshot = snapshot;
        }
        let is_other = !Arc::ptr_eq(&health, &self.health);
        self.health = health;
        is_newer || is_other
    }
}

impl Source {
    /// Waits until something may have changed; false if it is time to stop.
    async fn changed(&mut self, stop: &mut watch::Receiver<bool>) -> bool {
        tokio::select! {
            () = changed(&mut self.snapshots) => true,
            () = changed(&mut self.health) => true,
            _ = stop.changed() => false,
        }
    }
}

/// Waits for a change; for ever if none can come any more.
async fn changed<T>(watch: &mut watch::Receiver<T>) {
    if watch.changed().await.is_err() {
        std::future::pending().await
    }
}
