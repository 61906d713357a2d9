//! Request ids: names under which a caller's question and our log meet. In the form of a UUID, as
//! AWS writes them; neither secret nor unguessable.

use std::sync::{Mutex, PoisonError};

/// Draws request ids.
#[derive(Debug)]
pub(super) struct RequestIds(Mutex<fastrand::Rng>);

impl RequestIds {
    /// Draws from a source started with this number.
    pub(super) fn seeded(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// The next id.
    pub(super) fn draw(&self) -> String {
        // A poisoned lock leaves a source that draws as well as before.
        let bits = self.0.lock().unwrap_or_else(PoisonError::into_inner).u128(..);
        // Version 4, variant 1 (RFC 9562 5.4).
        let bits = (bits & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
        let hex = format!("{bits:032x}");
        let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        format!("{a}-{b}-{c}-{d}-{e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_4() {
        let ids = RequestIds::seeded(1);
        let (one, other) = (ids.draw(), ids.draw());
        assert_ne!(one, other);
        for id in [one, other] {
            assert_eq!(id.len(), 36);
            assert_eq!(&id[14..15], "4");
            assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        }
    }
}
