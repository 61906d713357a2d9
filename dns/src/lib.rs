//! The DNS plane's shell: sockets, threads, tasks and metrics around [`dns_core`].
//!
//! Read in this order: [`server`] starts and stops it all; `zones` rebuilds the answers off the
//! answering threads whenever the snapshot or the health changes; `udp` and `tcp` carry questions
//! and answers; `forward` asks other servers about what is not ours, and `ownership` about TXT
//! records that prove domains. Nothing here knows who made the snapshot.

mod forward;
mod hand_off;
pub mod inspector;
mod metrics;
mod ownership;
mod query_log;
mod responder;
pub mod server;
mod socket;
mod tcp;
#[cfg(feature = "dot")]
mod tls;
mod udp;
mod viewpoint;
pub mod zone_file;
mod zones;

pub use dns_core::explain;
pub use dns_core::{CHAOS_LEN_MAX, CookieSecret, Identity, NSID_LEN_MAX, Name, Prefixes, Rate};
pub use forward::{Forward, Rule};
pub use inspector::Inspector;
pub use ownership::{Proof, prove};
pub use query_log::QueryLog;
pub use responder::RateLimit;
pub use server::{Config, Server, StartError};
#[cfg(feature = "dot")]
pub use tls::Tls;
pub use viewpoint::Network;
pub use zone_file::{LoadError, ZoneFile, ZoneFiles};
