//! The control plane under load: a gateway with ten thousand endpoints, described and changed over
//! the signed API at a steady pace.
//!
//! [`gateway`] starts Postern and fills it, [`pace`] calls it on schedule, [`work`] is what is
//! called, [`report`] how the figures are shown. A latency counts from the moment that a call was
//! due, not from when a caller was free to make it, so that a server that stalls cannot hide it.

pub mod gateway;
pub mod pace;
pub mod report;
pub mod work;
