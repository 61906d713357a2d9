//! Counters of an interface's TLS handshakes; most interfaces have none.

use std::sync::OnceLock;

use metrics::{Counter, Label, Unit, counter, describe_counter};

use crate::tls::{
    failure::Failure,
    handshake::{Terms, Version},
    session::Peer,
};

const HANDSHAKES: &str = "postern_tls_handshakes_total";
const CLIENT_ERRORS: &str = "postern_client_tls_negotiation_errors_total";
const TARGET_ERRORS: &str = "postern_target_tls_negotiation_errors_total";

/// Tells the exporter what each metric is.
pub(super) fn describe() {
    describe_counter!(
        HANDSHAKES,
        Unit::Count,
        "TLS handshakes with clients that came to an end, by version and whether they took up an \
         earlier session"
    );
    describe_counter!(
        CLIENT_ERRORS,
        Unit::Count,
        "TLS handshakes with clients that failed, and agreed connections that broke, by reason"
    );
    describe_counter!(TARGET_ERRORS, Unit::Count, "The same with targets");
}

/// The handles of one endpoint network interface.
#[derive(Debug)]
pub(crate) struct TlsMetrics {
    labels: Vec<Label>,
    /// By version, and whether a session was taken up.
    agreed: [OnceLock<Counter>; 4],
    client_errors: [OnceLock<Counter>; Failure::COUNT],
    target_errors: [OnceLock<Counter>; Failure::COUNT],
}

impl TlsMetrics {
    pub(super) fn new(labels: &[Label]) -> Self {
        Self {
            labels: labels.to_vec(),
            agreed: Default::default(),
            client_errors: Default::default(),
            target_errors: Default::default(),
        }
    }

    /// The labels and more.
    fn labels_and(&self, more: &[(&'static str, &'static str)]) -> Vec<Label> {
        let more = more.iter().map(|(name, value)| Label::from_static_parts(name, value));
        self.labels.iter().cloned().chain(more).collect()
    }

    /// Counts a handshake with a client that came to its end.
    pub(crate) fn agreed(&self, terms: &Terms) {
        let (version, resumed) = (terms.version, terms.is_resumed);
        let place = usize::from(version == Version::Tls13) * 2 + usize::from(resumed);
        let labels = || {
            let resumed = if resumed { "yes" } else { "no" };
            self.labels_and(&[("version", version.name()), ("resumed", resumed)])
        };
        self.agreed[place].get_or_init(|| counter!(HANDSHAKES, labels())).increment(1);
    }

    /// Counts one that failed.
    pub(crate) fn failed(&self, with: Peer, failure: Failure) {
        let (name, counters) = match with {
            Peer::Client => (CLIENT_ERRORS, &self.client_errors),
            Peer::Target => (TARGET_ERRORS, &self.target_errors),
        };
        counters[failure.index()]
            .get_or_init(|| counter!(name, self.labels_and(&[("reason", failure.name())])))
            .increment(1);
    }
}
