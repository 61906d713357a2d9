//! The running plane, over real sockets on loopback.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod affinity;
mod explain;
mod forward;
mod limits;
mod ownership;
mod query_log;
mod rig;
mod swaps;
mod tcp;
#[cfg(feature = "dot")]
mod tls;
mod udp;
mod upstream;
mod view;
mod zone_file;
