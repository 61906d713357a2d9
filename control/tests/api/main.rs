//! The API over a socket, with requests signed by hand: right ones, wrong ones and hostile ones.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod audit;
mod authorization;
mod bad_input;
mod identity;
mod limits;
mod matrix;
mod network;
mod notification;
mod private_dns;
mod rig;
mod role;
mod route_table;
mod security_group;
mod tenancy;
mod tls;
mod workflow;
