//! `Plane`: starts the threads, feeds them, stops them.

use std::{sync::Arc, time::Instant};

use model::{Clock, Health, Snapshot};
use tokio::{runtime::Handle, sync::watch};

use crate::Config;

/// Why a data plane could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A worker's poll, waker or reserve descriptor could not be made.
    #[error("set up worker {worker}")]
    Worker {
        /// Which one.
        worker: usize,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A running data plane. Dropping it resets all connections; [`Plane::drain`] lets them end.
#[derive(Debug)]
pub struct Plane {}

impl Plane {
    /// Starts the workers and serves what the snapshots say, reporting what is alive.
    ///
    /// # Errors
    ///
    /// The system does not give the threads what they need.
    pub fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        health: watch::Sender<Arc<Health>>,
        runtime: Handle,
    ) -> Result<Self, StartError> {
        let _ = (config, clock, snapshots, health, runtime);
        Ok(Self {})
    }

    /// Stops accepting, lets connections end until the deadline (on the clock's monotonic reading),
    /// resets the rest and joins the threads.
    pub async fn drain(self, deadline: Instant) {
        let _ = deadline;
    }
}
