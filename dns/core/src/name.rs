//! Domain names in wire form: length-prefixed labels, lower case, ending in the root's zero byte.
//!
//! Lower case is how names are compared (RFC 4343); length bytes are at most 63 and no letter, so a
//! whole wire name may be lowered at once. Knows no compression: replies do that.

use std::{
    fmt,
    hash::{BuildHasherDefault, Hasher},
};

use model::DnsName;

/// Longest name on the wire (RFC 1035 2.3.4).
pub(crate) const NAME_LEN_MAX: usize = 255;
/// Longest label (RFC 1035 2.3.4).
pub(crate) const LABEL_LEN_MAX: usize = 63;

/// An owned name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Box<[u8]>);

impl Name {
    /// The root.
    pub fn root() -> Self {
        Self(Box::new([0]))
    }

    /// The name with one label in front; nothing if the label or the name gets too long.
    pub fn child(&self, label: &[u8]) -> Option<Self> {
        let len = u8::try_from(label.len()).ok()?;
        let fits =
            (1..=LABEL_LEN_MAX).contains(&label.len()) && self.0.len() + label.len() < NAME_LEN_MAX;
        let mut wire = Vec::with_capacity(self.0.len() + label.len() + 1);
        wire.push(len);
        wire.extend(label.iter().map(u8::to_ascii_lowercase));
        wire.extend_from_slice(&self.0);
        fits.then(|| Self(wire.into()))
    }

    /// The name of bytes that are one already.
    pub(crate) fn from_wire(wire: &[u8]) -> Self {
        Self(wire.into())
    }

    /// The bytes, to keep.
    pub(crate) fn into_wire(self) -> Box<[u8]> {
        self.0
    }

    /// The bytes.
    pub fn as_wire(&self) -> &[u8] {
        &self.0
    }
}

impl From<&DnsName> for Name {
    fn from(name: &DnsName) -> Self {
        let text = name.as_str();
        let mut wire = Vec::with_capacity(text.len() + 2);
        for label in text.split('.') {
            wire.push(u8::try_from(label.len()).expect("a DnsName's labels have at most 63 bytes"));
            wire.extend_from_slice(label.as_bytes());
        }
        wire.push(0);
        Self(wire.into())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == 1 {
            return f.write_str(".");
        }
        labels(&self.0).try_for_each(|label| write!(f, "{}.", label.escape_ascii()))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name without its first label; nothing for the root.
pub(crate) fn parent(wire: &[u8]) -> Option<&[u8]> {
    match wire.first() {
        None | Some(0) => None,
        Some(len) => wire.get(usize::from(*len) + 1..),
    }
}

/// The name, its parent, and so on up to the root.
pub(crate) fn ancestors(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(wire), |name| parent(name))
}

/// Whether the name is another or below it.
pub(crate) fn is_within(wire: &[u8], other: &[u8]) -> bool {
    ancestors(wire).find(|name| name.len() <= other.len()) == Some(other)
}

/// Whether the name is a wildcard's (RFC 4592 2.1.1).
pub(crate) fn is_wildcard(wire: &[u8]) -> bool {
    wire.starts_with(b"\x01*")
}

/// How many labels the name has; the root has none.
pub(crate) fn label_count(wire: &[u8]) -> usize {
    ancestors(wire).count() - 1
}

/// The labels from the left, without the root's.
pub(crate) fn labels(wire: &[u8]) -> impl Iterator<Item = &[u8]> {
    ancestors(wire).filter_map(|name| match name.first() {
        None | Some(0) => None,
        Some(len) => name.get(1..=usize::from(*len)),
    })
}

/// A question's name, lowered, on the stack.
pub(crate) struct QuestionName {
    wire: [u8; NAME_LEN_MAX],
    len: usize,
    labels: usize,
}

impl QuestionName {
    /// Reads the name at `at`. A compressed, overlong or cut name is none: nothing stands before a
    /// question that a pointer could point to.
    pub(crate) fn read(message: &[u8], at: usize) -> Option<Self> {
        let mut end = at;
        let mut labels = 0;
        loop {
            let len = usize::from(*message.get(end)?);
            end += 1 + len;
            match len {
                0 => break,
                1..=LABEL_LEN_MAX if end - at < NAME_LEN_MAX => labels += 1,
                _ => return None,
            }
        }
        let mut wire = [0; NAME_LEN_MAX];
        let len = end - at;
        wire[..len].copy_from_slice(&message[at..end]);
        wire[..len].make_ascii_lowercase();
        Some(Self { wire, len, labels })
    }

    /// The bytes, lower case.
    pub(crate) fn as_wire(&self) -> &[u8] {
        &self.wire[..self.len]
    }

    /// How many labels there are.
    pub(crate) fn label_count(&self) -> usize {
        self.labels
    }
}

/// A hasher for wire names, eight bytes at a time. Its keys come from the configuration, not from
/// clients, so it needs no secret.
#[derive(Clone, Copy, Default)]
pub(crate) struct NameHasher(u64);

/// How name tables hash.
pub(crate) type NameHash = BuildHasherDefault<NameHasher>;

impl NameHasher {
    /// An odd number without pattern: the fraction of the golden ratio.
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(Self::MULTIPLIER);
    }
}

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.mix(u64::from_le_bytes(last));
        }
    }

    fn write_usize(&mut self, len: usize) {
        self.mix(len as u64);
    }

    fn finish(&self) -> u64 {
        // The table takes its index from the low bits, which a product leaves weak.
        let folded = (self.0 ^ (self.0 >> 32)).wrapping_mul(Self::MULTIPLIER);
        folded ^ (folded >> 29)
    }
}
