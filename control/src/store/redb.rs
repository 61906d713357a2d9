//! The store in a file, by `redb`: for one process, which holds the file's lock.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Cause, CommitError, LoadError, Loaded, Revision, Store, Watch, WatchError, Write};

/// A store in a file.
#[derive(Debug)]
pub struct Redb {}

/// Opening failed.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process, or another part of this one, has it open.
    #[error("open the store {}: another process has it open", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// A newer Postern wrote it.
    #[error("open the store {}: it has schema {found}, newer than {known}", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The schema it has.
        found: u64,
        /// The newest schema known here.
        known: u64,
    },
    /// The file is not a store, or was damaged.
    #[error("open the store {}: the file is damaged or not a store", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Cause,
    },
    /// The file cannot be read or written.
    #[error("open the store {}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: Cause,
    },
}

impl Redb {
    /// Opens the store in a file, or makes an empty one.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let _ = path.as_ref();
        Ok(Self {})
    }
}

impl Store for Redb {
    fn load(&mut self) -> Result<Loaded, LoadError> {
        Ok(Loaded::default())
    }

    fn commit(&mut self, expected: Revision, _: &[Write]) -> Result<Revision, CommitError> {
        Ok(expected.next())
    }

    fn watch(&mut self, from: Revision) -> Result<Watch, WatchError> {
        Err(WatchError::Compacted { from, oldest: from })
    }
}
