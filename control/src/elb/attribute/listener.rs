//! Attributes of a listener.

use control_core::resource::{Listener, ListenerAttribute};

use super::{Listed, listed, unknown, value};
use crate::query::Fault;

const IDLE_TIMEOUT: &str = "tcp.idle_timeout.seconds";

/// Reads one.
pub(in crate::elb) fn read(key: &str, text: &str) -> Result<Option<ListenerAttribute>, Fault> {
    match key {
        IDLE_TIMEOUT => {
            value(key, text).map(|seconds| Some(ListenerAttribute::IdleTimeoutSeconds(seconds)))
        }
        _ => Err(unknown(key)),
    }
}

/// All of them.
pub(in crate::elb) fn all(of: &Listener) -> Vec<Listed> {
    vec![listed(IDLE_TIMEOUT, of.idle_timeout_s)]
}
