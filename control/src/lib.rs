//! The control plane's shell: the store, the keeper that owns the state, and the AWS wire.
//!
//! What is allowed is `control-core`'s business; this crate keeps it durable, published and
//! reachable.

pub mod config;
mod draw;
pub mod keeper;
pub mod metrics;
pub mod store;

pub use config::{AccessKey, Account, Config, Secret};
pub use keeper::{Keeper, StartError, StateError, SubmitError, Unavailable};
