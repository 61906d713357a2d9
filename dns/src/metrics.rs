//! What the DNS plane counts. Handles are made once; labels are closed sets. Knows no exporter.

use dns_core::{Answer, Outcome, Transport};
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

/// Gives every metric its help text and unit.
pub(crate) fn describe() {
    describe_counter!(
        "postern_dns_queries_total",
        Unit::Count,
        "Messages received on the DNS port, by transport and by what became of them"
    );
    describe_counter!(
        "postern_dns_replies_truncated_total",
        Unit::Count,
        "Replies cut because the client takes no longer ones"
    );
    describe_counter!(
        "postern_dns_replies_lost_total",
        Unit::Count,
        "UDP replies that the system would not send"
    );
    describe_gauge!(
        "postern_dns_tcp_connections",
        Unit::Count,
        "Open TCP connections on the DNS port"
    );
    describe_counter!(
        "postern_dns_tcp_refused_total",
        Unit::Count,
        "TCP connections closed at once because their client has too many"
    );
    describe_gauge!(
        "postern_dns_generation",
        Unit::Count,
        "Generation of the snapshot that is answered from"
    );
    describe_gauge!("postern_dns_names", Unit::Count, "Names that exist");
    describe_histogram!(
        "postern_dns_build_seconds",
        Unit::Seconds,
        "Time taken to make the zones of a snapshot and its health"
    );
}

/// Counts of one answering thread or connection, added to the shared counters now and then so that
/// questions touch no shared memory.
pub(crate) struct Tally {
    pending: [u64; Outcome::ALL.len()],
    truncated: u64,
    shared: Queries,
}

/// The counters of one transport.
#[derive(Clone)]
pub(crate) struct Queries {
    by_outcome: [Counter; Outcome::ALL.len()],
    truncated: Counter,
}

impl Queries {
    pub(crate) fn new(transport: Transport) -> Self {
        let transport = match transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        };
        let by_outcome = Outcome::ALL.map(|outcome| {
            let result = outcome.as_str();
            counter!("postern_dns_queries_total", "transport" => transport, "result" => result)
        });
        let truncated = counter!("postern_dns_replies_truncated_total", "transport" => transport);
        Self { by_outcome, truncated }
    }
}

impl Tally {
    pub(crate) fn new(shared: Queries) -> Self {
        Self { pending: [0; Outcome::ALL.len()], truncated: 0, shared }
    }

    /// Counts a message.
    pub(crate) fn count(&mut self, answer: Answer) {
        self.pending[answer.outcome as usize] += 1;
        self.truncated += u64::from(answer.truncated);
    }

    /// Adds what was counted to the shared counters.
    pub(crate) fn flush(&mut self) {
        for (pending, counter) in self.pending.iter_mut().zip(&self.shared.by_outcome) {
            let count = std::mem::take(pending);
            if count > 0 {
                counter.increment(count);
            }
        }
        let truncated = std::mem::take(&mut self.truncated);
        if truncated > 0 {
            self.shared.truncated.increment(truncated);
        }
    }
}

/// Replies that could not be sent.
pub(crate) fn replies_lost() -> Counter {
    counter!("postern_dns_replies_lost_total")
}

/// Open TCP connections.
pub(crate) fn tcp_connections() -> Gauge {
    gauge!("postern_dns_tcp_connections")
}

/// TCP connections refused.
pub(crate) fn tcp_refused() -> Counter {
    counter!("postern_dns_tcp_refused_total")
}

/// What is served, and how long it took to make.
pub(crate) struct Builds {
    pub(crate) generation: Gauge,
    pub(crate) names: Gauge,
    pub(crate) duration: Histogram,
}

impl Builds {
    pub(crate) fn new() -> Self {
        Self {
            generation: gauge!("postern_dns_generation"),
            names: gauge!("postern_dns_names"),
            duration: histogram!("postern_dns_build_seconds"),
        }
    }
}
