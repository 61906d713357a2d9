//! A table whose places someone else hands out.

use crate::route::Key;

/// Values by place.
#[derive(Debug)]
pub(super) struct Table<T> {
    places: Vec<Option<T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { places: Vec::new() }
    }
}

impl<T> Table<T> {
    pub(super) fn get(&self, key: Key) -> Option<&T> {
        self.places.get(key)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.places.get_mut(key)?.as_mut()
    }

    /// Puts a value in its place, and returns the one that was there.
    pub(super) fn put(&mut self, key: Key, value: T) -> Option<T> {
        if self.places.len() <= key {
            self.places.resize_with(key + 1, || None);
        }
        self.places[key].replace(value)
    }

    pub(super) fn take(&mut self, key: Key) -> Option<T> {
        self.places.get_mut(key)?.take()
    }

    /// How many places there are, empty ones included.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
    }
}
