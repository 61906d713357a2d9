//! What a client sees on the wire, a row per paragraph of the RFCs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod affinity;
mod explain;
mod messages;
mod names;
mod options;
mod private_names;
mod rig;
mod views;
mod zones;
