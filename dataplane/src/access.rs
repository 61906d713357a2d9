//! The access line: one per connection, at its end. Knows the line's fields, not how it is written.

use std::time::Duration;

use dataplane_core::{proxy_header::UniqueId, reason::End};
use model::{ClientAddr, EndpointAddr, TargetAddr};

use crate::route::Interface;

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
        "connection"
    );
}
