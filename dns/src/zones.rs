//! The thread that makes catalogs: it waits for a new snapshot, new health or new zone files,
//! builds, and swaps.
//!
//! Answering never waits for it: whoever answers goes on with the last catalog until the next one
//! is whole. Changes that come during a build are taken together by the next one. Snapshots never
//! go back, and if their maker goes away the last one is served on. Does not know wire formats.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use dns_core::{Catalog, CatalogBuilder};
use model::{Clock, Health, Snapshot};
use tokio::{runtime::Handle, sync::watch, time::sleep};

use crate::{inspector::Moment, metrics::Builds, zone_file::ZoneFiles};

/// How often zone files are looked at. An operator who saved one waits about this long.
const FILES_PERIOD: Duration = Duration::from_millis(500);

/// What catalogs are made of.
pub(crate) struct Source {
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(crate) health: watch::Receiver<Arc<Health>>,
    pub(crate) files: ZoneFiles,
}

/// Makes catalogs of a source.
pub(crate) struct Zones {
    source: Source,
    builder: CatalogBuilder,
    clock: Arc<dyn Clock>,
    metrics: Builds,
    snapshot: Arc<Snapshot>,
    health: Arc<Health>,
    /// When the snapshot came.
    taken: Instant,
    /// What inspectors look at.
    moment: Option<Arc<ArcSwap<Moment>>>,
    /// The catalog before the one served. Kept until the next build, when nobody reads it any more,
    /// so that it is this thread that takes it apart and not one that answers.
    retired: Option<Arc<Catalog>>,
}

impl Zones {
    pub(crate) fn new(
        mut source: Source,
        mut builder: CatalogBuilder,
        clock: Arc<dyn Clock>,
    ) -> Self {
        builder.set_static_zones(source.files.zones());
        let snapshot = Arc::clone(&source.snapshots.borrow_and_update());
        let health = Arc::clone(&source.health.borrow_and_update());
        let (metrics, taken) = (Builds::new(), clock.monotonic());
        let (moment, retired) = (None, None);
        Self { source, builder, clock, metrics, snapshot, health, taken, moment, retired }
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

    /// What is told to inspectors from now on, beginning with a catalog that was just made.
    pub(crate) fn inspected(&mut self, catalog: &Arc<Catalog>) -> Arc<ArcSwap<Moment>> {
        let moment = Arc::new(ArcSwap::new(self.moment_of(catalog)));
        self.moment = Some(Arc::clone(&moment));
        moment
    }

    fn moment_of(&self, catalog: &Arc<Catalog>) -> Arc<Moment> {
        Arc::new(Moment {
            catalog: Arc::clone(catalog),
            snapshot: Arc::clone(&self.snapshot),
            health: Arc::clone(&self.health),
            taken: self.taken,
        })
    }

    /// Builds whenever something changed, until told to stop.
    pub(crate) fn run(
        mut self,
        catalog: &ArcSwap<Catalog>,
        mut stop: watch::Receiver<bool>,
        runtime: &Handle,
    ) {
        while let Some(change) = runtime.block_on(self.source.changed(&mut stop)) {
            let is_new = match change {
                Change::Watches => self.take(),
                Change::Files => self.refresh_files(),
            };
            if is_new {
                let built = self.build();
                if let Some(moment) = &self.moment {
                    moment.store(self.moment_of(&built));
                }
                self.retired = Some(catalog.swap(built));
            }
        }
    }

    /// Loads zone files that changed; whether any zone did.
    fn refresh_files(&mut self) -> bool {
        let is_changed = self.source.files.refresh();
        if is_changed {
            self.builder.set_static_zones(self.source.files.zones());
        }
        is_changed
    }

    /// Takes what is new; whether anything is.
    fn take(&mut self) -> bool {
        let snapshot = Arc::clone(&self.source.snapshots.borrow_and_update());
        let health = Arc::clone(&self.source.health.borrow_and_update());
        let is_newer = snapshot.generation > self.snapshot.generation;
        if is_newer {
            self.snapshot = snapshot;
            self.taken = self.clock.monotonic();
        }
        let is_other = !Arc::ptr_eq(&health, &self.health);
        self.health = health;
        is_newer || is_other
    }
}

/// What may have changed.
enum Change {
    Watches,
    Files,
}

impl Source {
    /// Waits until something may have changed; none if it is time to stop.
    async fn changed(&mut self, stop: &mut watch::Receiver<bool>) -> Option<Change> {
        let has_files = !self.files.is_empty();
        tokio::select! {
            () = changed(&mut self.snapshots) => Some(Change::Watches),
            () = changed(&mut self.health) => Some(Change::Watches),
            () = sleep(FILES_PERIOD), if has_files => Some(Change::Files),
            _ = stop.changed() => None,
        }
    }
}

/// Waits for a change; for ever if none can come any more.
async fn changed<T>(watch: &mut watch::Receiver<T>) {
    if watch.changed().await.is_err() {
        std::future::pending().await
    }
}
