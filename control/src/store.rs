//! The store: records that survive, under one revision that counts their commits.
//!
//! The whole state is a set of records, each a text key and bytes. A commit changes some of them in
//! one transaction and only if nobody committed since the revision that the writer has seen; else
//! it is a conflict, and the writer must catch up and decide again. So several nodes may write one
//! store, and none has to believe that it is alone. Knows nothing of what records mean.
//!
//! [`Redb`] keeps them in a file for one process; [`Memory`] keeps them for tests. [`suite`] holds
//! what every implementation must pass.

pub mod memory;
pub mod redb;
pub mod suite;
mod watchers;

use std::{error::Error, fmt, sync::Arc};

use model::Generation;
use thiserror::Error;
use tokio::sync::mpsc;

pub use memory::Memory;
pub use redb::{OpenError, Redb};

/// How many commits a watcher may fall behind before it has to load everything anew. At 100 commits
/// a second that is ten seconds, more than any commit waits for its disk.
pub const WATCH_COMMITS_MAX: usize = 1024;

/// A store of records.
pub trait Store: Send + 'static {
    /// All records and the revision they are of.
    fn load(&mut self) -> Result<Loaded, LoadError>;

    /// Changes records in one durable transaction, if the store is still at `expected`. Answers
    /// with the revision that the commit made. After any other error than a conflict it is unknown
    /// whether the commit happened: the store must be opened again.
    fn commit(&mut self, expected: Revision, writes: &[Write]) -> Result<Revision, CommitError>;

    /// Every commit after `from`, in order and without gaps, this store's own included.
    fn watch(&mut self, from: Revision) -> Result<Watch, WatchError>;
}

/// How many commits a store has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl From<Revision> for Generation {
    fn from(revision: Revision) -> Self {
        Self(revision.0)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Everything that a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// The revision it is of.
    pub revision: Revision,
    /// Keys and records, in the order of keys.
    pub records: Vec<(String, Vec<u8>)>,
}

/// One record's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// The record is now this.
    Put {
        /// Its key.
        key: String,
        /// Its bytes.
        record: Vec<u8>,
    },
    /// The record is gone, if it was there.
    Remove {
        /// Its key.
        key: String,
    },
}

/// One commit as a watcher sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The revision it made.
    pub revision: Revision,
    /// What it changed.
    pub writes: Arc<[Write]>,
}

/// The commits after a revision. It ends when the watcher falls too far behind, or the store is
/// gone: then everything must be loaded anew.
#[derive(Debug)]
pub struct Watch(pub mpsc::Receiver<Commit>);

/// Loading failed.
#[derive(Debug, Error)]
#[error("load the records of the store")]
pub struct LoadError(#[source] pub Cause);

/// Committing failed.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Somebody else committed first; nothing was changed.
    #[error("commit to the store at revision {expected}: it is at revision {actual}")]
    Conflict {
        /// The revision that the writer had seen.
        expected: Revision,
        /// The revision that the store is at.
        actual: Revision,
    },
    /// It is unknown whether the commit happened.
    #[error("commit to the store at revision {expected}")]
    Failed {
        /// The revision that the writer had seen.
        expected: Revision,
        /// Why.
        #[source]
        cause: Cause,
    },
}

/// Watching failed.
#[derive(Debug, Error)]
pub enum WatchError {
    /// The commits after that revision are no longer all known: everything must be loaded anew.
    #[error("watch the store from revision {from}: it keeps nothing before revision {oldest}")]
    Compacted {
        /// The revision asked for.
        from: Revision,
        /// The oldest revision that can be watched from.
        oldest: Revision,
    },
    /// The store cannot be reached.
    #[error("watch the store from revision {from}")]
    Failed {
        /// The revision asked for.
        from: Revision,
        /// Why.
        #[source]
        cause: Cause,
    },
}

/// What went wrong beneath a store, in the words of what it is made of.
pub type Cause = Box<dyn Error + Send + Sync>;
