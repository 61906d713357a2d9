//! A store in memory, shared by all its clones: several keepers on clones of one are several nodes
//! on one cluster store. For tests; nothing survives.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Commit, CommitError, LoadError, Loaded, Revision, Store, Watch, WatchError, Write,
    watchers::Watchers,
};

/// A store in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    revision: Revision,
    records: BTreeMap<String, Vec<u8>>,
    watchers: Watchers,
}

impl Memory {
    /// Nothing in here panics while it holds the lock, so a poisoned one is as good.
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
            for write in writes.iter().cloned() {
                match write {
                    Write::Put { key, record } => state.records.insert(key, record),
                    Write::Remove { key } => state.records.remove(&key),
                };
            }
            state.revision = expected.next();
            state.watchers.tell(&Commit { revision: state.revision, writes: writes.into() });
            Ok(state.revision)
        })
    }

    fn watch(&mut self, from: Revision) -> Result<Watch, WatchError> {
        self.with(|state| match state.revision {
            current if current == from => Ok(state.watchers.add()),
            oldest => Err(WatchError::Compacted { from, oldest }),
        })
    }
}
