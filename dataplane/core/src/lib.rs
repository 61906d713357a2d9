//! The pure core of the data plane: what to do with a connection, as functions of values.
//!
//! Relies on [`model`] alone. Does not know sockets, threads, the clock or who asks: time, health
//! and hash keys come in as arguments, decisions go out as values.

pub mod proxy_header;
