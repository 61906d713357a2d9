//! Shell of the control plane.

pub mod query;
mod signature;
