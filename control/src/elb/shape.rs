//! Resources as ELBv2 shows them.

pub(super) mod listener;
pub(super) mod load_balancer;
pub(super) mod target_group;
