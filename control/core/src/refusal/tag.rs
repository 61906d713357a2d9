//! Why a tag is refused. The sentences are the wire's.

use super::Refusal;

/// What a tag is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagRefusal {
    /// A tag's key is empty or too long.
    KeyLength {
        /// The key.
        key: String,
        /// The most characters it may have.
        max: usize,
    },
    /// A tag's value is too long.
    ValueLength {
        /// The key.
        key: String,
        /// The most characters the value may have.
        max: usize,
    },
    /// A tag's key starts with the reserved prefix.
    KeyReserved {
        /// The key.
        key: String,
    },
    /// A tag that means something has a value without a meaning.
    ValueUnknown {
        /// The key.
        key: &'static str,
        /// The values that it may have.
        allowed: &'static [&'static str],
    },
    /// A tag that means a number has another value.
    Number {
        /// The key.
        key: &'static str,
        /// The most it may be.
        max: u64,
    },
}

impl From<TagRefusal> for Refusal {
    fn from(refusal: TagRefusal) -> Self {
        Self::Tag(refusal)
    }
}
