//! The API over a socket, with requests signed by hand: right ones, wrong ones and hostile ones.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod audit;
mod bad_input;
mod identity;
mod limits;
mod notification;
mod rig;
mod tenancy;
mod workflow;
