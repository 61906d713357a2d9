//! Places in the workers' tables: handed out, taken back, handed out again.

use crate::route::Key;

/// Hands out the lowest places that it can do without remembering more than the free ones.
#[derive(Debug, Default)]
pub(super) struct Keys {
    free: Vec<Key>,
    next: Key,
}

impl Keys {
    pub(super) fn take(&mut self) -> Key {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    pub(super) fn put_back(&mut self, key: Key) {
        self.free.push(key);
    }

    /// How many are out.
    pub(super) fn count(&self) -> usize {
        self.next - self.free.len()
    }
}
