//! The access line: one per connection, at its end. Knows the line's fields, not how it is written.

use std::time::Duration;

use dataplane_core::{proxy_header::UniqueId, reason::End};
use model::{ClientAddr, EndpointAddr, TargetAddr};

use crate::{
    route::Interface,
    tls::{failure::Failure, handshake::Terms, session::Peer},
};

/// One connection, when it is over.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) interface: &'a Interface,
    pub(crate) client: ClientAddr,
    pub(crate) address: EndpointAddr,
    /// None if it was refused before one was chosen.
    pub(crate) target: Option<TargetAddr>,
    /// What the PROXY header calls it, if it does.
    pub(crate) unique_id: Option<UniqueId>,
    pub(crate) bytes_to_target: u64,
    pub(crate) bytes_to_client: u64,
    pub(crate) duration: Duration,
    pub(crate) end: End,
    pub(crate) tls: Tls<'a>,
}

/// What a TLS listener has to say; nothing on others.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tls<'a> {
    /// What was agreed upon.
    pub(crate) terms: Option<&'a Terms>,
    /// Why nothing was, or what broke.
    pub(crate) failure: Option<(Peer, Failure)>,
}

/// Writes the line.
pub(crate) fn write(record: &Record<'_>) {
    let interface = record.interface;
    tracing::info!(
        target: "access",
        endpoint = %interface.endpoint,
        service = %interface.service,
        owner = %interface.owner,
        zone = %interface.zone,
        client = %record.client,
        address = %record.address,
        target = record.target.map(tracing::field::display),
        unique_id = record.unique_id.map(tracing::field::display),
        bytes_to_target = record.bytes_to_target,
        bytes_to_client = record.bytes_to_client,
        duration_ms = u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX),
        end = record.end.name(),
        tls_version = record.tls.terms.map(|terms| terms.version.name()),
        tls_resumed = record.tls.terms.map(|terms| terms.is_resumed),
        server_name = record.tls.terms.and_then(|terms| terms.server_name.as_deref()),
        tls_failure = record.tls.failure.map(|(_, failure)| failure.name()),
        "connection"
    );
}
