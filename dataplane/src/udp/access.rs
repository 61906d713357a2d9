//! The access line of a UDP flow, at its end, and how many there may be.
//!
//! Anyone can cause flows that no target answers, one per datagram, in any number; what is written
//! about those has a bound, and what is left out is counted. Does not know how a line is written.

use std::time::Duration;

use dataplane_core::reason::End;
use model::{ClientAddr, EndpointAddr, TargetAddr};

use super::metrics::{Count, suppressed_line};
use crate::route::Interface;

/// Lines per second and worker about flows that ended before a target answered, but for those that
/// ended by themselves.
const LINES_MAX: u32 = 100;

/// One flow, when it is over.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) interface: &'a Interface,
    pub(crate) client: ClientAddr,
    pub(crate) address: EndpointAddr,
    /// None if it was refused before one was chosen.
    pub(crate) target: Option<TargetAddr>,
    pub(crate) to_target: Count,
    pub(crate) to_client: Count,
    pub(crate) duration: Duration,
    pub(crate) end: End,
}

/// Writes lines, within bounds.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    second: u64,
    written: u32,
}

impl Lines {
    /// Writes the line, unless too many of its kind were written in this second of the worker's
    /// clock.
    pub(crate) fn write(&mut self, now_ms: u64, record: &Record<'_>) {
        let is_cheap = record.to_client.datagrams == 0 && record.end != End::IdleTimeout;
        if is_cheap && !self.has_room(now_ms) {
            return suppressed_line();
        }
        let interface = record.interface;
        tracing::info!(
            target: "access",
            protocol = "udp",
            endpoint = %interface.endpoint,
            service = %interface.service,
            owner = %interface.owner,
            zone = %interface.zone,
            client = %record.client,
            address = %record.address,
            target = record.target.map(tracing::field::display),
            bytes_to_target = record.to_target.bytes,
            bytes_to_client = record.to_client.bytes,
            datagrams_to_target = record.to_target.datagrams,
            datagrams_to_client = record.to_client.datagrams,
            duration_ms = u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX),
            end = record.end.name(),
            "flow"
        );
    }

    fn has_room(&mut self, now_ms: u64) -> bool {
        let second = now_ms / 1000;
        if self.second != second {
            *self = Self { second, written: 0 };
        }
        let has_room = self.written < LINES_MAX;
        self.written += u32::from(has_room);
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_room_for_some_lines_and_the_next_one_again() {
        let mut lines = Lines::default();
        let written = |lines: &mut Lines, at| (0..1000).filter(|_| lines.has_room(at)).count();
        assert_eq!(written(&mut lines, 1999), 100);
        assert_eq!(written(&mut lines, 1000), 0);
        assert_eq!(written(&mut lines, 2000), 100);
    }
}
