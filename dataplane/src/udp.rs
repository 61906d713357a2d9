//! UDP's parts that no worker's state is needed for: sockets, sending in batches, counters, lines.
//!
//! What a worker does with them is in `worker/udp.rs`; which flow a datagram belongs to, and which
//! ends for want of room, is [`dataplane_core::udp_flows`].

pub(crate) mod access;
pub(crate) mod metrics;
pub(crate) mod post;
pub(crate) mod socket;
