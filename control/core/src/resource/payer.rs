//! Whom the charges of an endpoint are for. Nothing is charged here: the setting is kept and shown,
//! for whoever makes out the bills.

use serde::{Deserialize, Serialize};

/// Whom the charges of an endpoint are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    /// The consumer.
    #[default]
    EndpointOwner,
    /// The provider.
    ServiceOwner,
}

impl Payer {
    /// Whether it is the one that nobody had to choose.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
