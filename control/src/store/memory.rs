//! A store in memory, shared by all its clones: several keepers on clones of one are several nodes
//! on one cluster store. For tests; nothing survives.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::mpsc;

use super::{
    Commit, CommitError, LoadError, Loaded, Revision, Store, WATCH_COMMITS_MAX, Watch, WatchError,
    Write,
};

/// A store in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    revision: Revision,
    records: BTreeMap<String, Vec<u8>>,
    watchers: Vec<mpsc::Sender<Commit>>,
}

impl Memory {
    fn with<T>(&self, on: impl FnOnce(&mut State) -> T) -> T {
        on(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store for Memory {
    fn load(&mut self) -> Result<Loaded, LoadError> {
        Ok(self.with(|state| Loaded {
            revision: state.revision,
            records: state.records.clone().into_iter().collect(),
        }))
    }

    fn commit(&mut self, expected: Revision, writes: &[Write]) -> Result<Revision, CommitError> {
        self.with(|state| {
            if state.revision != expected {
                return Err(CommitError::Conflict { expected, actual: state.revision });
            }
            for write in writes {
                match write {
                    Write::Put { key, record } => {
                        state.records.insert(key.clone(), record.clone());
                    }
                    Write::Remove { key } => {
                        state.records.remove(key);
                    }
                }
            }
            state.revision = expected.next();
            let commit = Commit { revision: state.revision, writes: writes.into() };
            state.watchers.retain(|watcher| watcher.try_send(commit.clone()).is_ok());
            Ok(state.revision)
        })
    }

    fn watch(&mut self, from: Revision) -> Result<Watch, WatchError> {
        self.with(|state| {
            if state.revision != from {
                return Err(WatchError::Compacted { from, oldest: state.revision });
            }
            let (sender, receiver) = mpsc::channel(WATCH_COMMITS_MAX);
            state.watchers.push(sender);
            Ok(Watch(receiver))
        })
    }
}
