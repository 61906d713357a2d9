//! Endpoint services: their states. Knows neither permissions nor who may see one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where an endpoint service stands. The order and the words are the guide's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ServiceState {
    /// Being set up.
    Pending,
    /// Takes connection requests.
    Available,
    /// Could not be set up.
    Failed,
    /// Being removed.
    Deleting,
    /// Gone.
    Deleted,
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "Pending",
            Self::Available => "Available",
            Self::Failed => "Failed",
            Self::Deleting => "Deleting",
            Self::Deleted => "Deleted",
        })
    }
}
