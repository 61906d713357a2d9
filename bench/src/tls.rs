//! Terminating TLS, compared: who is started how, and what is done to them.
//!
//! Every candidate has one worker, one certificate (ECDSA P-256), TLS 1.2 and 1.3, tickets, and a
//! plain back end. Relies on [`crate::backend`] and on rustls as the client. Does not know tables.

pub mod candidate;
pub mod load;
