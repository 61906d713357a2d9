//! What control counts. Knows the `metrics` facade only; the exporter is the binary's.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Unit, counter, gauge, histogram};

use crate::http::Phase;

const COMMANDS: &str = "postern_control_commands_total";
const COMMITS: &str = "postern_control_commits_total";
const CONFLICTS: &str = "postern_control_conflicts_total";
const COMMIT_SECONDS: &str = "postern_control_commit_duration_seconds";
const AUDIT_LOST: &str = "postern_audit_lost_total";
const CONNECTIONS_REFUSED: &str = "postern_api_connections_refused_total";
const CONNECTIONS_OVERDUE: &str = "postern_api_connections_overdue_total";
const HANDSHAKES: &str = "postern_api_tls_handshakes_total";
const NOTIFICATIONS: &str = "postern_control_notifications_total";
const WAITING: &str = "postern_control_notifications_waiting";
const REVISION: &str = "postern_control_revision";
const ENDPOINTS: &str = "postern_control_endpoints";

/// Says what each metric means; called once, before any is used.
pub fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_counter!(COMMANDS, Unit::Count, "Commands answered by the keeper, by result");
    describe_counter!(COMMITS, Unit::Count, "Transactions committed to the store");
    describe_counter!(
        CONFLICTS,
        Unit::Count,
        "Transactions decided again because another writer came first"
    );
    describe_histogram!(COMMIT_SECONDS, Unit::Seconds, "Time a transaction took to be durable");
    describe_counter!(
        AUDIT_LOST,
        Unit::Count,
        "Lines of the audit log that were not written: the queue was full, or the disk failed"
    );
    describe_counter!(
        CONNECTIONS_REFUSED,
        Unit::Count,
        "API connections refused because their peer has as many as it may, or as are left"
    );
    describe_counter!(
        CONNECTIONS_OVERDUE,
        Unit::Count,
        "API connections ended because something took too long, by what was waited for: a request \
         at all (new), the rest of its head, its answer to be read, the next request (idle)"
    );
    describe_counter!(
        HANDSHAKES,
        Unit::Count,
        "Beginnings of connections to the API where TLS is served, by result: done, failed, \
         timed_out, or plain_http, which is answered with an error"
    );
    describe_counter!(
        NOTIFICATIONS,
        Unit::Count,
        "Attempts to deliver a connection notification, by result: delivered, failed (sent again), \
         rejected by the receiver, no_receiver configured for the topic"
    );
    describe_gauge!(WAITING, Unit::Count, "Connection notifications that wait to be delivered");
    describe_gauge!(REVISION, Unit::Count, "Revision of the store that is served");
    describe_gauge!(ENDPOINTS, Unit::Count, "VPC endpoints in the registry, in any state");
}

/// Counts lines of the audit log that were lost.
pub(crate) fn audit_lost(lines: u64) {
    counter!(AUDIT_LOST).increment(lines);
}

/// Counts an API connection that was closed at once.
pub(crate) fn connection_refused() {
    counter!(CONNECTIONS_REFUSED).increment(1);
}

/// Counts an API connection that was ended because this phase lasted too long.
pub(crate) fn connection_overdue(phase: Phase) {
    let phase = match phase {
        Phase::New => "new",
        Phase::Head => "head",
        Phase::Busy => "busy",
        Phase::Answer => "answer",
        Phase::Idle => "idle",
    };
    counter!(CONNECTIONS_OVERDUE, "phase" => phase).increment(1);
}

/// How a connection began where TLS is served.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handshake {
    Done,
    Failed,
    TimedOut,
    PlainHttp,
}

/// Counts the beginning of a connection where TLS is served.
pub(crate) fn handshake(how: Handshake) {
    let result = match how {
        Handshake::Done => "done",
        Handshake::Failed => "failed",
        Handshake::TimedOut => "timed_out",
        Handshake::PlainHttp => "plain_http",
    };
    counter!(HANDSHAKES, "result" => result).increment(1);
}

/// How an attempt to deliver a connection notification ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delivery {
    Delivered,
    Failed,
    Rejected,
    NoReceiver,
}

/// Counts an attempt to deliver a connection notification.
pub(crate) fn notification(how: Delivery) {
    let result = match how {
        Delivery::Delivered => "delivered",
        Delivery::Failed => "failed",
        Delivery::Rejected => "rejected",
        Delivery::NoReceiver => "no_receiver",
    };
    counter!(NOTIFICATIONS, "result" => result).increment(1);
}

/// The keeper's handles, made once.
pub(crate) struct KeeperMetrics {
    done: Counter,
    refused: Counter,
    unavailable: Counter,
    commits: Counter,
    conflicts: Counter,
    commit_seconds: Histogram,
    revision: Gauge,
    endpoints: Gauge,
    waiting: Gauge,
}

/// How a command was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answered {
    Done,
    Refused,
    Unavailable,
}

impl KeeperMetrics {
    pub(crate) fn new() -> Self {
        Self {
            done: counter!(COMMANDS, "result" => "done"),
            refused: counter!(COMMANDS, "result" => "refused"),
            unavailable: counter!(COMMANDS, "result" => "unavailable"),
            commits: counter!(COMMITS),
            conflicts: counter!(CONFLICTS),
            commit_seconds: histogram!(COMMIT_SECONDS),
            revision: gauge!(REVISION),
            endpoints: gauge!(ENDPOINTS),
            waiting: gauge!(WAITING),
        }
    }

    pub(crate) fn answered(&self, how: Answered) {
        match how {
            Answered::Done => self.done.increment(1),
            Answered::Refused => self.refused.increment(1),
            Answered::Unavailable => self.unavailable.increment(1),
        }
    }

    pub(crate) fn committed(&self, took: Duration) {
        self.commits.increment(1);
        self.commit_seconds.record(took);
    }

    pub(crate) fn conflicted(&self) {
        self.conflicts.increment(1);
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^53 is never reached")]
    pub(crate) fn state(&self, revision: u64, endpoints: usize, waiting: usize) {
        self.revision.set(revision as f64);
        self.endpoints.set(endpoints as f64);
        self.waiting.set(waiting as f64);
    }
}
