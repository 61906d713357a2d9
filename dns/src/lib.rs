//! The DNS plane's shell: sockets, threads, tasks and metrics around [`dns_core`].
//!
//! Read in this order: [`server`] starts and stops it all; `zones` rebuilds the answers off the
//! answering threads whenever the snapshot or the health changes; `udp` and `tcp` carry questions
//! and answers. Nothing here knows a name or a record, and nothing knows who made the snapshot.

mod metrics;
pub mod server;
mod socket;
mod tcp;
mod udp;
mod viewpoint;
pub mod zone_file;
mod zones;

pub use dns_core::Name;
pub use server::{Config, Server, StartError};
pub use viewpoint::Network;
pub use zone_file::{LoadError, ZoneFile, ZoneFiles};
