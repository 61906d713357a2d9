//! Tags: what they may look like and how many there may be (EC2 user guide, "Tag restrictions").
//! Does not know what is tagged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    quota::Quota,
    refusal::{Refusal, TagRefusal},
};

/// Longest key, in characters.
pub const KEY_CHARS_MAX: usize = 128;
/// Longest value, in characters.
pub const VALUE_CHARS_MAX: usize = 256;
/// Keys with this prefix are AWS's own.
pub const RESERVED_PREFIX: &str = "aws:";

/// On a permission of a service: whether connection requests that it admits are accepted at once.
pub const ACCEPTANCE: &str = "postern:acceptance";
/// On a service: what becomes of the endpoints that a permission had admitted when it is taken
/// away.
pub const PERMISSION_REMOVAL: &str = "postern:permission-removal";

/// A resource's tags, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub BTreeMap<String, String>);

/// Which tags to take away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagSelector {
    /// The tag's key.
    pub key: String,
    /// Only if it has this value; none takes it away whatever its value.
    pub value: Option<String>,
}

impl Tags {
    /// No tags.
    pub fn none() -> Self {
        Self::default()
    }

    /// The value of a key.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and values in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Refuses what no resource may carry.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        for (key, value) in &self.0 {
            if key.is_empty() || key.chars().count() > KEY_CHARS_MAX {
                return Err(TagRefusal::KeyLength { key: key.clone(), max: KEY_CHARS_MAX }.into());
            }
            if value.chars().count() > VALUE_CHARS_MAX {
                return Err(
                    TagRefusal::ValueLength { key: key.clone(), max: VALUE_CHARS_MAX }.into()
                );
            }
            if is_reserved(key) {
                return Err(TagRefusal::KeyReserved { key: key.clone() }.into());
            }
        }
        Quota::TagsPerResource.allows(self.0.len())
    }

    /// Refuses a value that a key with a meaning of its own cannot have.
    pub(crate) fn check_word(
        &self,
        key: &'static str,
        allowed: &'static [&'static str],
    ) -> Result<(), Refusal> {
        match self.value(key) {
            Some(value) if !allowed.contains(&value) => {
                Err(TagRefusal::ValueUnknown { key, allowed }.into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// These tags with others laid over them.
    pub(crate) fn with(&self, added: &Self) -> Result<Self, Refusal> {
        let mut all = self.clone();
        all.0.extend(added.0.iter().map(|(key, value)| (key.clone(), value.clone())));
        Quota::TagsPerResource.allows(all.0.len())?;
        Ok(all)
    }

    /// These tags less the selected ones; no selector takes all away.
    pub(crate) fn without(&self, taken: &[TagSelector]) -> Self {
        let is_taken = |key: &String, value: &String| {
            taken.is_empty()
                || taken.iter().any(|tag| {
                    &tag.key == key && tag.value.as_ref().is_none_or(|only| only == value)
                })
        };
        let left = self.0.iter().filter(|(key, value)| !is_taken(key, value));
        Self(left.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}

/// "The aws: prefix is reserved, in any combination of upper and lower case."
fn is_reserved(key: &str) -> bool {
    key.get(..RESERVED_PREFIX.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(RESERVED_PREFIX))
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Tags {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(tags: I) -> Self {
        Self(tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
