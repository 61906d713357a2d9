//! The control plane's shell: the store, the keeper that owns the state, and the AWS wire.
//!
//! What is allowed is `control-core`'s business; this crate keeps it durable, published and
//! reachable.

pub mod api;
mod arn;
pub mod attribute;
pub mod audit;
mod authorization;
pub mod config;
mod draw;
mod ec2;
mod elb;
mod http;
mod identities;
pub mod keeper;
pub mod metrics;
pub mod notify;
pub mod query;
mod signature;
pub mod store;
mod sts;
pub mod tls;
mod wording;
mod zonal_shift;

pub use config::{
    AccessKey, Account, Config, Limits, MalformedPolicy, Policy, PolicyKind, Role, Secret, User,
};
pub use identities::Identities;
pub use keeper::{Keeper, StartError, StateError, SubmitError, Unavailable};
