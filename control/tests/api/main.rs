//! The API over a socket, with requests signed by hand: right ones, wrong ones and hostile ones.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod approval;
mod audit;
mod authorization;
mod bad_input;
mod balancing_ranges;
mod condition_keys;
mod filters;
mod identity;
mod limits;
mod load_balancing;
mod matrix;
mod network;
mod notification;
mod private_dns;
mod reload;
mod rig;
mod role;
mod route_table;
mod security_group;
mod services;
mod session;
mod tenancy;
mod tls;
mod workflow;
mod zonal_shift;
