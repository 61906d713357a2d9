//! The metrics of UDP flows, by endpoint interface. They have names of their own beside those of
//! connections, as at AWS (`NewFlowCount_UDP`, `ProcessedBytes_UDP`): whoever counts connections
//! does not mean flows. Does not know the exporter.

use std::sync::OnceLock;

use dataplane_core::reason::{ENDPOINT_BYTE_RATE, End};
use metrics::{Counter, Gauge, Label, Unit, counter, describe_counter, describe_gauge, gauge};
use rustix::io::Errno;

const FLOWS: &str = "postern_udp_flows_total";
const ACTIVE: &str = "postern_udp_flows_active";
const ENDED: &str = "postern_udp_flows_ended_total";
const REFUSED: &str = "postern_udp_flows_refused_total";
const FAIL_OPEN: &str = "postern_udp_flows_fail_open_total";
const DATAGRAMS: &str = "postern_udp_datagrams_total";
const BYTES: &str = "postern_udp_bytes_total";
const LOST: &str = "postern_udp_datagrams_lost_total";
const LINES: &str = "postern_udp_access_lines_suppressed_total";

/// Tells the exporter what each metric is.
pub(crate) fn describe() {
    describe_counter!(FLOWS, Unit::Count, "UDP flows that clients began");
    describe_gauge!(ACTIVE, Unit::Count, "UDP flows that are in the table");
    describe_counter!(ENDED, Unit::Count, "UDP flows that ended, by reason");
    describe_counter!(REFUSED, Unit::Count, "Datagrams that began no UDP flow, by reason");
    describe_counter!(
        FAIL_OPEN,
        Unit::Count,
        "UDP flows sent to a target for want of a healthy one"
    );
    describe_counter!(DATAGRAMS, Unit::Count, "Datagrams relayed, by direction");
    describe_counter!(BYTES, Unit::Bytes, "Bytes in them, without PROXY headers, by direction");
    describe_counter!(LOST, Unit::Count, "Datagrams of flows that were not sent, by reason");
    describe_counter!(LINES, Unit::Count, "Access lines left out of floods of unanswered flows");
}

/// Counts an access line that is not written.
pub(crate) fn suppressed_line() {
    counter!(LINES).increment(1);
}

/// What went one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
}

impl Count {
    pub(crate) fn add(&mut self, more: Self) {
        self.datagrams += more.datagrams;
        self.bytes += more.bytes;
    }

    /// Counts a datagram.
    pub(crate) fn note(&mut self, bytes: usize) {
        self.add(Self { datagrams: 1, bytes: u64::try_from(bytes).unwrap_or(u64::MAX) });
    }
}

/// Why a datagram of a flow was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The socket's buffer was full.
    BufferFull,
    /// It was longer than a datagram can be, with what goes in front of it.
    TooLong,
    /// Anything else.
    Unsendable,
    /// The endpoint had moved all the bytes that it may.
    ByteRate,
}

impl Loss {
    const ALL: [Self; 4] = [Self::BufferFull, Self::TooLong, Self::Unsendable, Self::ByteRate];

    /// What an error of sending comes to.
    pub(crate) fn of(errno: Errno) -> Self {
        match errno {
            Errno::AGAIN | Errno::NOBUFS | Errno::NOMEM => Self::BufferFull,
            Errno::MSGSIZE => Self::TooLong,
            _ => Self::Unsendable,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::BufferFull => "buffer_full",
            Self::TooLong => "too_long",
            Self::Unsendable => "unsendable",
            Self::ByteRate => ENDPOINT_BYTE_RATE,
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::BufferFull => 0,
            Self::TooLong => 1,
            Self::Unsendable => 2,
            Self::ByteRate => 3,
        }
    }
}

/// What happened since the last flush.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FlowTally {
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    pub(crate) to_target: Count,
    pub(crate) to_client: Count,
    lost: [u64; 4],
}

impl FlowTally {
    /// Counts datagrams that were not sent.
    pub(crate) fn lose(&mut self, loss: Loss, datagrams: usize) {
        self.lost[loss.place()] += u64::try_from(datagrams).unwrap_or(u64::MAX);
    }
}

#[derive(Debug)]
struct Traffic {
    flows: Counter,
    active: Gauge,
    to_target: [Counter; 2],
    to_client: [Counter; 2],
}

/// The handles of one endpoint network interface; a series appears with its first event.
#[derive(Debug)]
pub(crate) struct FlowMetrics {
    labels: Vec<Label>,
    traffic: OnceLock<Traffic>,
    ends: [OnceLock<Counter>; End::COUNT],
}

impl FlowMetrics {
    pub(crate) fn new(labels: &[Label]) -> Self {
        Self {
            labels: labels.to_vec(),
            traffic: OnceLock::new(),
            ends: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    fn labels_and(&self, name: &'static str, value: &'static str) -> Vec<Label> {
        let mut labels = self.labels.clone();
        labels.push(Label::from_static_parts(name, value));
        labels
    }

    /// Adds a tally to the counters, and empties it.
    pub(crate) fn flush(&self, tally: &mut FlowTally) {
        let tally = std::mem::take(tally);
        let both = |direction| {
            [DATAGRAMS, BYTES].map(|name| counter!(name, self.labels_and("direction", direction)))
        };
        let traffic = self.traffic.get_or_init(|| Traffic {
            flows: counter!(FLOWS, self.labels.clone()),
            active: gauge!(ACTIVE, self.labels.clone()),
            to_target: both("to_target"),
            to_client: both("to_client"),
        });
        traffic.flows.increment(tally.begun);
        traffic.active.increment(as_f64(tally.begun));
        traffic.active.decrement(as_f64(tally.ended));
        for (counters, count) in
            [(&traffic.to_target, tally.to_target), (&traffic.to_client, tally.to_client)]
        {
            counters[0].increment(count.datagrams);
            counters[1].increment(count.bytes);
        }
        for loss in Loss::ALL {
            let count = tally.lost[loss.place()];
            if count > 0 {
                counter!(LOST, self.labels_and("reason", loss.name())).increment(count);
            }
        }
    }

    /// Counts an end, by reason.
    pub(crate) fn ended(&self, end: End) {
        let is_refusal = matches!(end, End::Refused(_) | End::ConnectFailed);
        let name = if is_refusal { REFUSED } else { ENDED };
        self.ends[end.index()]
            .get_or_init(|| counter!(name, self.labels_and("reason", end.name())))
            .increment(1);
    }

    /// Counts a flow that goes to a target for want of a healthy one.
    pub(crate) fn failed_open(&self) {
        counter!(FAIL_OPEN, self.labels.clone()).increment(1);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts stay below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
