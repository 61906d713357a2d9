//! A buffer that is appended to in place and never wiped: records are written over what is there.

use std::ops::Deref;

/// Bytes, and the room behind them.
#[derive(Debug, Default)]
pub(crate) struct Sealed {
    bytes: Vec<u8>,
    used: usize,
}

impl Sealed {
    /// Forgets the bytes and keeps the room.
    pub(crate) fn clear(&mut self) {
        self.used = 0;
    }

    /// Room for so many more bytes.
    pub(crate) fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.bytes.len() < self.used + bytes {
            self.bytes.resize(self.used + bytes, 0);
        }
        &mut self.bytes[self.used..]
    }

    /// Takes in so many bytes that were written into the room.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.used = self.bytes.len().min(self.used + bytes);
    }
}

impl Deref for Sealed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}
