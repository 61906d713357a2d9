//! The pure core of the data plane: what to do with a connection, as functions of values.
//!
//! Read [`admission`] (who may connect), [`flow`] and [`select`] (where a connection goes),
//! [`health`] (when a target takes some), [`phase`] (when it is checked), [`http_check`] (what an
//! HTTP probe says and hears), [`pace`] (how many an endpoint may have), [`reason`] (why one was
//! refused or ended), [`timer`] (when to look at one again), [`proxy_header`] (how it introduces
//! itself) and [`explain`] (all of it for a connection that is only asked about); for UDP also
//! [`udp_flows`] (which flows there are) and [`udp_segments`] (which datagrams go out together).
//! Relies on [`model`] alone. Does not know sockets, threads, the clock or who asks: time, health
//! and hash keys come in as arguments.

pub mod admission;
pub mod explain;
pub mod flow;
pub mod health;
pub mod http_check;
pub mod pace;
pub mod phase;
pub mod proxy_header;
pub mod reason;
pub mod select;
pub mod timer;
pub mod udp_flows;
pub mod udp_segments;
pub mod wire;
