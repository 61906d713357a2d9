//! Who asks: an account, and whom in it. How that was proven is the shell's business.

use model::AccountId;
use serde::{Deserialize, Serialize};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The account whose resources are created and seen.
    pub account: AccountId,
    /// Whom in the account.
    pub identity: Identity,
}

/// Whom in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// The account itself.
    Root,
    /// A user, by name.
    User(String),
    /// A role, by name.
    Role(String),
}

impl Caller {
    /// The account itself as a caller.
    pub fn root(account: AccountId) -> Self {
        Self { account, identity: Identity::Root }
    }
}
