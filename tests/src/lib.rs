//! The rig: words in which the tests of whole programs are written.
//!
//! [`Postern`] is a running gateway; [`Api`] and [`Aws`] are its callers (signed by hand, and the
//! stock AWS CLI); [`Topology`] is a service with an endpoint in two zones; [`peer`] are real
//! HAProxy, nginx, Apache httpd, Caddy and `postern target` as targets; [`dig`] and [`curl`] are
//! the consumer's tools. The rig uses public surfaces only: the configuration, the wires and the
//! binary.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a rig fails by panicking")]

pub mod api;
pub mod aws;
pub mod certificate;
pub mod client;
pub mod load;
pub mod network;
pub mod peer;
pub mod postern;
pub mod script;
pub mod scripted;
pub mod tool;
pub mod topology;
pub mod wait;

pub use api::{Api, ApiError, Key};
pub use aws::Aws;
pub use certificate::Certificate;
pub use network::LoopbackNet;
pub use postern::Postern;
pub use script::Script;
pub use tool::{curl, dig};
pub use topology::Topology;
pub use wait::{wait_for, wait_until};
