//! Memory of answers that their callers have not read yet.
//!
//! A page of a thousand endpoints is some MiB, and a caller that does not read may have one on each
//! of its connections until the time for that is up. So large answers share a bound, beyond which
//! a caller is told to ask again, as stock clients do. Small ones are bounded by the number of
//! connections, and answers to what changed something are always small: no change is ever answered
//! with a refusal for want of room.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Up to here an answer counts as small: with one on every connection, 32 MiB.
const SMALL_BYTES_MAX: usize = 64 * 1024;
/// Room for the large ones: a hundred of the largest pages.
const LARGE_KIB_MAX: u32 = 256 * 1024;

/// Where answers stay until they are read.
#[derive(Debug)]
pub(super) struct Unread(Arc<Semaphore>);

/// A large answer with its room.
struct Large {
    document: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Large {
    fn as_ref(&self) -> &[u8] {
        &self.document
    }
}

impl Default for Unread {
    fn default() -> Self {
        Self::of_kib(LARGE_KIB_MAX)
    }
}

impl Unread {
    fn of_kib(kib: u32) -> Self {
        Self(Arc::new(Semaphore::new(usize::try_from(kib).unwrap_or(Semaphore::MAX_PERMITS))))
    }

    /// Keeps an answer until it is dropped; none if there is no room left.
    pub(super) fn keep(&self, document: Vec<u8>) -> Option<Bytes> {
        if document.len() <= SMALL_BYTES_MAX {
            return Some(document.into());
        }
        let kib = u32::try_from(document.capacity().div_ceil(1024)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.0).try_acquire_many_owned(kib).ok()?;
        Some(Bytes::from_owner(Large { document, _room: room }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kib: usize) -> Vec<u8> {
        vec![b'x'; kib * 1024]
    }

    #[test]
    fn large_answers_share_room_until_they_are_read() {
        let unread = Unread::of_kib(200);
        let first = unread.keep(answer(100)).expect("room for it");
        let second = unread.keep(answer(100)).expect("room for it");
        assert_eq!(unread.keep(answer(65)), None);
        // Half of it was sent: the rest still holds the whole.
        let rest = first.slice(50 * 1024..);
        drop(first);
        assert_eq!(unread.keep(answer(65)), None);
        drop(rest);
        assert_eq!(unread.keep(answer(100)).map(|it| it.len()), Some(100 * 1024));
        drop(second);
    }

    #[test]
    fn small_answers_need_no_room() {
        let unread = Unread::of_kib(0);
        assert!(unread.keep(answer(64)).is_some());
        assert_eq!(unread.keep(answer(65)), None);
    }
}
