//! Attributes of load balancers, listeners and target groups as they are written elsewhere than in
//! a request: `NAME=VALUE`, both as ELBv2 has them. Does not know their ranges.

use control_core::resource::{ListenerAttribute, LoadBalancerAttribute, TargetGroupAttribute};

use crate::{elb::attribute, query::Fault};

/// An attribute that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

/// An attribute of a target group; none if it is what it always is.
pub fn target_group(pair: &str) -> Result<Option<TargetGroupAttribute>, Unreadable> {
    read(pair, attribute::target_group::read)
}

/// An attribute of a listener; none if it is what it always is.
pub fn listener(pair: &str) -> Result<Option<ListenerAttribute>, Unreadable> {
    read(pair, attribute::listener::read)
}

/// An attribute of a load balancer; none if it is what it always is.
pub fn load_balancer(pair: &str) -> Result<Option<LoadBalancerAttribute>, Unreadable> {
    read(pair, attribute::load_balancer::read)
}

fn read<A>(
    pair: &str,
    read: impl FnOnce(&str, &str) -> Result<Option<A>, Fault>,
) -> Result<Option<A>, Unreadable> {
    let (key, value) = pair
        .split_once('=')
        .ok_or_else(|| Unreadable(format!("'{pair}' is no attribute and its value")))?;
    read(key, value).map_err(|fault| Unreadable(fault.message))
}
