//! The keeper: the one thread that owns the registry.
//!
//! A command waits in a bounded mailbox; the thread decides it, commits what follows in one
//! transaction at the revision that it was decided on, applies it, publishes the new view and the
//! new snapshot, and only then answers. Commands that wait together share a transaction: each is
//! decided on the state that those before it leave, and each stands or falls by itself. A lost race
//! is caught up with and decided again. After a failed commit nobody knows what the store holds, so
//! the keeper answers `Unavailable` from then on, until it is started anew; what was published goes
//! on being served.
//!
//! Reads take [`Keeper::registry`], an immutable view, and never wait for the thread.
//!
//! Knows nothing of HTTP, nor of what commands mean.

mod binding;
mod transaction;
mod worker;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use arc_swap::ArcSwap;
use control_core::{Caller, Chore, Command, Outcome, Refusal, Registry, record::DecodeError};
use model::{Clock, Health, Snapshot};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    config::Config,
    draw::Seeded,
    store::{LoadError, Store, WatchError},
};
use worker::Worker;

/// How many commands may wait. At 100 commands per transaction this is a few fsyncs of waiting,
/// less than a client's patience; more callers wait to be let in.
const MAILBOX_COMMANDS_MAX: usize = 1024;

/// A handle on the keeper; clones share it. The thread ends when the last is dropped.
#[derive(Clone)]
pub struct Keeper {
    mailbox: mpsc::Sender<Message>,
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
}

/// What the thread shows to everybody.
struct Shared {
    registry: ArcSwap<Registry>,
    store_failed: AtomicBool,
}

/// What waits in the mailbox.
enum Message {
    Submit(Box<Request>),
    Report(Box<Chore>),
    Stop { stopped: oneshot::Sender<()> },
}

/// A command that waits for its answer.
struct Request {
    caller: Caller,
    command: Command,
    answer: oneshot::Sender<Result<Outcome, SubmitError>>,
}

/// Starting failed.
#[derive(Debug, Error)]
pub enum StartError {
    /// The state cannot be loaded.
    #[error("start the keeper")]
    Load(#[from] StateError),
    /// The thread or its runtime cannot be started.
    #[error("start the keeper's thread")]
    Thread(#[source] std::io::Error),
}

/// The state cannot be read from the store.
#[derive(Debug, Error)]
pub enum StateError {
    /// The store cannot be loaded.
    #[error("read the state")]
    Load(#[source] LoadError),
    /// The store cannot be watched.
    #[error("follow the state")]
    Watch(#[source] WatchError),
    /// A record cannot be read.
    #[error("read the record {key}")]
    Record {
        /// Its key.
        key: String,
        /// Why.
        #[source]
        cause: DecodeError,
    },
    /// A record's key cannot be read.
    #[error("read the key {key}")]
    Key {
        /// The key.
        key: String,
        /// Why.
        #[source]
        cause: model::Malformed,
    },
}

/// A command was not done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SubmitError {
    /// It is not allowed; nothing changed.
    #[error("the command is refused: {}", crate::wording::wording(.0))]
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
    #[error("the store failed; it must be opened again to know what it holds")]
    StoreFailed,
    /// Others kept committing first.
    #[error("other writers keep committing first")]
    Contended,
}

impl Keeper {
    /// Loads the state, publishes its snapshot and starts the thread. Reads of the registry are
    /// right from the moment that this returns.
    pub fn start(
        config: Config,
        store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        seed: u64,
        snapshots: watch::Sender<Arc<Snapshot>>,
        health: watch::Receiver<Arc<Health>>,
    ) -> Result<Self, StartError> {
        let settings = Arc::new(config.settings());
        let shared = Arc::new(Shared {
            registry: ArcSwap::from_pointee(Registry::new(Arc::clone(&settings))),
            store_failed: AtomicBool::new(false),
        });
        let (mailbox, requests) = mpsc::channel(MAILBOX_COMMANDS_MAX);
        let mut worker = Worker::new(
            worker::Lent { store, clock: Arc::clone(&clock), snapshots, health, settings },
            Seeded::new(seed),
            Arc::clone(&shared),
        );
        worker.load()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(StartError::Thread)?;
        thread::Builder::new()
            .name("keeper".into())
            .spawn(move || {
                let stopped = runtime.block_on(worker.run(requests));
                // The worker is gone, and with it the store: whoever waits may open it again.
                for waiting in stopped {
                    // A caller that no longer waits need not hear it.
                    let _ = waiting.send(());
                }
            })
            .map_err(StartError::Thread)?;
        Ok(Self { mailbox, shared, clock })
    }

    /// Has a command done. When this answers with an outcome, the change is durable, published to
    /// the planes and seen by [`Keeper::registry`]. A command that was submitted is done even if
    /// the caller stops waiting.
    pub async fn submit(&self, caller: Caller, command: Command) -> Result<Outcome, SubmitError> {
        let stopped = SubmitError::Unavailable(Unavailable::Stopped);
        let (answer, answered) = oneshot::channel();
        let request = Message::Submit(Box::new(Request { caller, command, answer }));
        if self.mailbox.send(request).await.is_err() {
            return Err(stopped);
        }
        answered.await.unwrap_or(Err(stopped))
    }

    /// Takes what another part of Postern has found out, for example that a domain is proven. What
    /// no longer fits is passed over.
    pub async fn report(&self, chore: Chore) -> Result<(), Unavailable> {
        let report = Message::Report(Box::new(chore));
        self.mailbox.send(report).await.map_err(|_| Unavailable::Stopped)
    }

    /// Whether a command would be done now: `DryRun`. Changes nothing and waits for nothing.
    pub fn dry_run(&self, caller: &Caller, command: &Command) -> Result<(), Refusal> {
        let mut draw = Seeded::new(0);
        let now = self.clock.wall();
        control_core::decide(&self.registry(), caller, command, &mut draw, now).map(|_| ())
    }

    /// The current state. Never waits for writes, and never changes once handed out.
    pub fn registry(&self) -> Arc<Registry> {
        self.shared.registry.load_full()
    }

    /// Why no command is taken any more; none while all is well.
    pub fn unavailable(&self) -> Option<Unavailable> {
        if self.mailbox.is_closed() {
            Some(Unavailable::Stopped)
        } else if self.shared.store_failed.load(Ordering::Acquire) {
            Some(Unavailable::StoreFailed)
        } else {
            None
        }
    }

    /// Stops taking commands, and returns when the thread has ended and the store is closed.
    pub async fn stop(&self) {
        let (stopped, wait) = oneshot::channel();
        if self.mailbox.send(Message::Stop { stopped }).await.is_ok() {
            // An error means that the thread ended without a word, which is an end as well.
            let _ = wait.await;
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("unavailable", &self.unavailable()).finish_non_exhaustive()
    }
}
