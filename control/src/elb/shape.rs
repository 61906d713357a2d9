//! What operations answer: resources as XML.

pub(super) mod listener;
pub(super) mod load_balancer;
pub(super) mod target_group;
pub(super) mod target_health;
