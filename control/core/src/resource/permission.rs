//! One permission of an endpoint service, and what its tag adds to it.

use model::{PermissionId, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    principal::Principal,
    tag::{ACCEPTANCE, Tags},
};

/// A permission: whom a service admits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// Its id.
    pub id: PermissionId,
    /// The service.
    pub service: ServiceId,
    /// Who is admitted.
    pub principal: Principal,
    /// When it was given.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl Permission {
    /// Whether connection requests of whom it admits are accepted at once, though the service wants
    /// others to wait.
    pub fn accepts_at_once(&self) -> bool {
        self.tags.value(ACCEPTANCE) == Some(AUTOMATIC)
    }
}

/// The value of [`ACCEPTANCE`] that has requests accepted at once.
pub const AUTOMATIC: &str = "automatic";
/// The values that [`ACCEPTANCE`] may have.
pub const ACCEPTANCE_WORDS: &[&str] = &[AUTOMATIC, "manual"];

/// What becomes of the endpoints that a permission had admitted when it is taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PermissionRemoval {
    /// They stay as they are (guide: "Manage permissions").
    #[default]
    Keep,
    /// They are rejected, unless another permission admits them.
    Reject,
}

/// The values that [`crate::tag::PERMISSION_REMOVAL`] may have.
pub const PERMISSION_REMOVAL_WORDS: &[&str] = &["keep", "reject"];

impl PermissionRemoval {
    /// What a word means.
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "keep" => Some(Self::Keep),
            "reject" => Some(Self::Reject),
            _ => None,
        }
    }
}
