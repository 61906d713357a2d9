//! Attributes of a listener.

use control_core::resource::{Listener, ListenerAttribute as A, listener::has_idle_timeout};

use super::{Listed, choice, listed, name, unknown, value};
use crate::query::Fault;

const IDLE_TIMEOUT: &str = "tcp.idle_timeout.seconds";
const PROXY_PROTOCOL_V2: &str = "postern.proxy_protocol_v2.enabled";

const SWITCHES: [(&str, Option<bool>); 3] =
    [("true", Some(true)), ("false", Some(false)), ("use_target_group_configuration", None)];

/// Reads one.
pub(crate) fn read(key: &str, text: &str) -> Result<Option<A>, Fault> {
    Ok(Some(match key {
        IDLE_TIMEOUT => A::IdleTimeoutSeconds(value(key, text)?),
        PROXY_PROTOCOL_V2 => A::ProxyProtocolV2(choice(key, text, &SWITCHES)?),
        _ => return Err(unknown(key)),
    }))
}

/// All of them.
pub(in crate::elb) fn all(of: &Listener) -> Vec<Listed> {
    let mut all = Vec::new();
    if has_idle_timeout(of.protocol) {
        all.push(listed(IDLE_TIMEOUT, of.idle_timeout_s));
    }
    all.push(listed(PROXY_PROTOCOL_V2, name(of.proxy_protocol_v2, &SWITCHES)));
    all
}
