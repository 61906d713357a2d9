//! The data plane's metrics: names, units, help, and the handles of each endpoint interface.
//!
//! Labels are ids of configured things and names of closed lists, never a client's address. Workers
//! count in a [`Tally`] of their own and flush it, so that no counter is shared per byte. A series
//! appears with its first event: 10,000 idle endpoints cost none. Does not know the exporter.

mod health;
mod tls;

use std::sync::OnceLock;

use dataplane_core::reason::{End, ResetSide};
use metrics::{Counter, Gauge, Label, Unit, counter, describe_counter, describe_gauge, gauge};
use model::{Generation, ServiceId, TargetGroupId, TargetHealth, VpcEndpointId, ZoneId};

use crate::udp::metrics::FlowMetrics;
pub(crate) use health::{count_ejection, count_probe};
use tls::TlsMetrics;

const CONNECTIONS: &str = "postern_connections_total";
const ACTIVE: &str = "postern_connections_active";
const ENDED: &str = "postern_connections_ended_total";
const REFUSED: &str = "postern_connections_refused_total";
const RESETS: &str = "postern_connection_resets_total";
const BYTES: &str = "postern_connection_bytes_total";
const CONNECT_FAILURES: &str = "postern_connect_failures_total";
const FAIL_OPEN: &str = "postern_connections_fail_open_total";
const PORT_ERRORS: &str = "postern_port_allocation_errors_total";
const PAUSES: &str = "postern_connection_pauses_total";
const RELAYED: &str = "postern_relayed_bytes_total";
const ACCEPT_ERRORS: &str = "postern_accept_errors_total";
const TARGETS: &str = "postern_targets";
const LISTENERS: &str = "postern_listeners_bound";
const UNBOUND: &str = "postern_endpoints_unbound";
const GENERATION: &str = "postern_snapshot_generation";

/// Tells the exporter what each metric is.
pub(crate) fn describe() {
    health::describe();
    crate::udp::metrics::describe();
    describe_counter!(CONNECTIONS, Unit::Count, "Connections that clients opened");
    describe_gauge!(ACTIVE, Unit::Count, "Connections that are open or being opened");
    describe_counter!(ENDED, Unit::Count, "Connections that ended, by reason");
    describe_counter!(REFUSED, Unit::Count, "Connections reset before a target, by reason");
    describe_counter!(RESETS, Unit::Count, "Connections that ended by reset, by who sent it");
    describe_counter!(BYTES, Unit::Bytes, "Bytes relayed, without PROXY headers, by direction");
    describe_counter!(CONNECT_FAILURES, Unit::Count, "Attempts to connect to a target that failed");
    describe_counter!(
        FAIL_OPEN,
        Unit::Count,
        "Connections sent to a target for want of a healthy one"
    );
    describe_counter!(
        PORT_ERRORS,
        Unit::Count,
        "Source addresses that had no port left for a connection to a target"
    );
    describe_counter!(
        PAUSES,
        Unit::Count,
        "Times that a connection waited for its endpoint's bytes per second"
    );
    describe_counter!(RELAYED, Unit::Bytes, "Bytes relayed, by method");
    describe_counter!(
        ACCEPT_ERRORS,
        Unit::Count,
        "Accepts that failed for want of a file descriptor"
    );
    describe_gauge!(TARGETS, Unit::Count, "Registered targets, by target group and health");
    describe_gauge!(LISTENERS, Unit::Count, "Endpoint addresses and ports that are listened on");
    describe_gauge!(UNBOUND, Unit::Count, "Endpoints of which an address could not be bound");
    describe_gauge!(
        GENERATION,
        Unit::Count,
        "Generation of the configuration that control published, or that a plane serves."
    );
    tls::describe();
}

/// What happened at an interface since the last flush.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) opened: u64,
    pub(crate) closed: u64,
    pub(crate) bytes_to_target: u64,
    pub(crate) bytes_to_client: u64,
}

impl Tally {
    /// Whether there is nothing to flush.
    pub(crate) fn is_empty(&self) -> bool {
        (self.opened | self.closed | self.bytes_to_target | self.bytes_to_client) == 0
    }
}

#[derive(Debug)]
struct Traffic {
    connections: Counter,
    active: Gauge,
    bytes_to_target: Counter,
    bytes_to_client: Counter,
}

/// The handles of one endpoint network interface.
#[derive(Debug)]
pub(crate) struct InterfaceMetrics {
    labels: Vec<Label>,
    traffic: OnceLock<Traffic>,
    ends: [OnceLock<Counter>; End::COUNT],
    resets: [OnceLock<Counter>; 3],
    connect_failures: OnceLock<Counter>,
    fail_open: OnceLock<Counter>,
    tls: OnceLock<Box<TlsMetrics>>,
    udp: OnceLock<Box<FlowMetrics>>,
    port_errors: OnceLock<Counter>,
    pauses: OnceLock<Counter>,
}

impl InterfaceMetrics {
    pub(crate) fn new(endpoint: VpcEndpointId, service: ServiceId, zone: &ZoneId) -> Self {
        Self {
            labels: vec![
                Label::new("endpoint_id", endpoint.to_string()),
                Label::new("service_id", service.to_string()),
                Label::new("zone", zone.to_string()),
            ],
            traffic: OnceLock::new(),
            ends: Default::default(),
            resets: Default::default(),
            connect_failures: OnceLock::new(),
            fail_open: OnceLock::new(),
            tls: OnceLock::new(),
            udp: OnceLock::new(),
            port_errors: OnceLock::new(),
            pauses: OnceLock::new(),
        }
    }

    /// Those of its UDP flows.
    pub(crate) fn udp(&self) -> &FlowMetrics {
        self.udp.get_or_init(|| Box::new(FlowMetrics::new(&self.labels)))
    }

    /// The labels and one more.
    fn labels_and(&self, name: &'static str, value: &'static str) -> Vec<Label> {
        let mut labels = self.labels.clone();
        labels.push(Label::from_static_parts(name, value));
        labels
    }

    /// Adds a tally to the counters, and empties it.
    pub(crate) fn flush(&self, tally: &mut Tally) {
        let tally = std::mem::take(tally);
        let traffic = self.traffic.get_or_init(|| Traffic {
            connections: counter!(CONNECTIONS, self.labels.clone()),
            active: gauge!(ACTIVE, self.labels.clone()),
            bytes_to_target: counter!(BYTES, self.labels_and("direction", "to_target")),
            bytes_to_client: counter!(BYTES, self.labels_and("direction", "to_client")),
        });
        if tally.opened > 0 {
            traffic.connections.increment(tally.opened);
        }
        if tally.opened > tally.closed {
            traffic.active.increment(as_f64(tally.opened - tally.closed));
        } else if tally.opened < tally.closed {
            traffic.active.decrement(as_f64(tally.closed - tally.opened));
        }
        if tally.bytes_to_target > 0 {
            traffic.bytes_to_target.increment(tally.bytes_to_target);
        }
        if tally.bytes_to_client > 0 {
            traffic.bytes_to_client.increment(tally.bytes_to_client);
        }
    }

    /// Counts an end that is what its reason says.
    pub(crate) fn ended(&self, end: End) {
        self.ended_by(end, end.reset_side());
    }

    /// Counts an end, by reason and by who reset it.
    pub(crate) fn ended_by(&self, end: End, side: Option<ResetSide>) {
        let name = if matches!(end, End::Refused(_)) { REFUSED } else { ENDED };
        self.ends[end.index()]
            .get_or_init(|| counter!(name, self.labels_and("reason", end.name())))
            .increment(1);
        if let Some(side) = side {
            let place = match side {
                ResetSide::Client => 0,
                ResetSide::Target => 1,
                ResetSide::Postern => 2,
            };
            self.resets[place]
                .get_or_init(|| counter!(RESETS, self.labels_and("side", side.name())))
                .increment(1);
        }
    }

    /// The handles of TLS listeners.
    pub(crate) fn tls(&self) -> &TlsMetrics {
        self.tls.get_or_init(|| Box::new(TlsMetrics::new(&self.labels)))
    }

    /// Counts an attempt to connect to a target that failed.
    pub(crate) fn connect_failed(&self) {
        self.connect_failures
            .get_or_init(|| counter!(CONNECT_FAILURES, self.labels.clone()))
            .increment(1);
    }

    /// Counts a source address without a port for a target.
    pub(crate) fn ports_lacked(&self) {
        self.port_errors.get_or_init(|| counter!(PORT_ERRORS, self.labels.clone())).increment(1);
    }

    /// Counts a connection that waits for its share of the endpoint's bytes.
    pub(crate) fn paused(&self) {
        self.pauses.get_or_init(|| counter!(PAUSES, self.labels.clone())).increment(1);
    }

    /// Counts a connection that goes to a target for want of a healthy one.
    pub(crate) fn failed_open(&self) {
        self.fail_open.get_or_init(|| counter!(FAIL_OPEN, self.labels.clone())).increment(1);
    }
}

/// Counters of one worker, not of one interface.
#[derive(Debug)]
pub(crate) struct WorkerMetrics {
    pub(crate) copied: Counter,
    pub(crate) spliced: Counter,
    pub(crate) accept_errors: Counter,
}

impl WorkerMetrics {
    pub(crate) fn new() -> Self {
        Self {
            copied: counter!(RELAYED, "method" => "copy"),
            spliced: counter!(RELAYED, "method" => "splice"),
            accept_errors: counter!(ACCEPT_ERRORS),
        }
    }
}

/// States of targets as labels; [`count_targets`] wants the counts in this order.
const STATES: [&str; 6] =
    ["initial", "healthy", "unhealthy", "unhealthy.draining", "draining", "unused"];

/// The place of a state among the counts of [`count_targets`].
pub(crate) fn state_place(health: TargetHealth) -> usize {
    match health {
        TargetHealth::Initial => 0,
        TargetHealth::Healthy => 1,
        TargetHealth::Unhealthy(_) => 2,
        TargetHealth::UnhealthyDraining(_) => 3,
        TargetHealth::Draining => 4,
        TargetHealth::Unused => 5,
    }
}

/// Shows how many targets of a group are in which state.
pub(crate) fn count_targets(group: TargetGroupId, counts: [u32; STATES.len()]) {
    for (state, count) in STATES.into_iter().zip(counts) {
        gauge!(TARGETS, "target_group" => group.to_string(), "health" => state)
            .set(f64::from(count));
    }
}

/// Shows what is served.
pub(crate) fn show_served(generation: Generation, listeners: usize, unbound: usize) {
    gauge!(GENERATION, "plane" => "dataplane").set(as_f64(generation.0));
    gauge!(LISTENERS).set(as_f64(u64::try_from(listeners).unwrap_or(u64::MAX)));
    gauge!(UNBOUND).set(as_f64(u64::try_from(unbound).unwrap_or(u64::MAX)));
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts stay below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
