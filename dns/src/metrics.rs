//! What the DNS plane counts. Handles are made once; labels are closed sets. Knows no exporter.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use dns_core::{Answer, Outcome, Owner, Transport};
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

/// Gives every metric its help text and unit.
pub(crate) fn describe() {
    describe_counter!(
        "postern_dns_queries_total",
        Unit::Count,
        "Messages received on the DNS port, by view (VPC or public), transport and what became of \
         them"
    );
    describe_histogram!(
        "postern_dns_answer_seconds",
        Unit::Seconds,
        "Time from a message's receipt by us to its reply's sending, of samples, at most one in a \
         millisecond and thread"
    );
    describe_counter!(
        "postern_dns_rate_limited_total",
        Unit::Count,
        "Answers over the limit of their client's network, by what became of them"
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
    describe_gauge!(
        "postern_dns_snapshot_age_seconds",
        Unit::Seconds,
        "How long ago the snapshot came that is answered from"
    );
    describe_counter!(
        "postern_dns_forward_answers_total",
        Unit::Count,
        "Answers to forwarded questions, by where they came from"
    );
    describe_counter!(
        "postern_dns_query_log_lines_total",
        Unit::Count,
        "Lines of the query log, by whether they were written or lost"
    );
    describe_gauge!("postern_dns_names", Unit::Count, "Names that exist");
    describe_histogram!(
        "postern_dns_build_seconds",
        Unit::Seconds,
        "Time taken to make the zones of a snapshot and its health"
    );
}

/// Counts of one answering thread or connection, added to the shared counters now and then so that
/// questions touch no shared memory. Room for a view is made when it is first seen.
pub(crate) struct Tally {
    /// By the number of a view, where its counts are; [`UNSEEN`] before it is seen.
    places: Vec<u16>,
    views: Vec<ViewTally>,
    /// Places of the views that have counts to add.
    pending: Vec<u16>,
    truncated: u64,
    limited: [u64; Limited::ALL.len()],
    shared: Queries,
}

/// The place of a view that was not seen yet. There are fewer views than that.
const UNSEEN: u16 = u16::MAX;
const _: () = assert!(Owner::NUMBERS_MAX < u16::MAX as usize, "places are 16 bits");

struct ViewTally {
    counts: [u64; Outcome::ALL.len()],
    is_pending: bool,
    counters: Arc<ViewCounters>,
}

/// The counters of one transport.
#[derive(Clone)]
pub(crate) struct Queries(Arc<Shared>);

struct Shared {
    transport: &'static str,
    views: Mutex<HashMap<usize, Arc<ViewCounters>>>,
    truncated: Counter,
    limited: [Counter; Limited::ALL.len()],
    latency: Histogram,
}

/// The counters of one view and transport, made when first needed.
struct ViewCounters {
    view: String,
    transport: &'static str,
    by_outcome: [OnceLock<Counter>; Outcome::ALL.len()],
}

/// What became of an answer over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    Dropped,
    Truncated,
    BadCookie,
}

impl Limited {
    const ALL: [Self; 3] = [Self::Dropped, Self::Truncated, Self::BadCookie];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Truncated => "truncated",
            Self::BadCookie => "badcookie",
        }
    }
}

impl Queries {
    pub(crate) fn new(transport: Transport) -> Self {
        let transport = match transport {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
        };
        let limited = Limited::ALL
            .map(|action| counter!("postern_dns_rate_limited_total", "action" => action.as_str()));
        let queries = Self(Arc::new(Shared {
            transport,
            views: Mutex::default(),
            truncated: counter!("postern_dns_replies_truncated_total", "transport" => transport),
            limited,
            latency: histogram!("postern_dns_answer_seconds", "transport" => transport),
        }));
        let public = queries.of(Owner::default());
        Outcome::ALL.iter().for_each(|outcome| drop(public.counter(*outcome).clone()));
        queries
    }

    /// The counters of a view.
    fn of(&self, owner: Owner) -> Arc<ViewCounters> {
        let mut views = self.0.views.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let view = match owner {
                Owner { vpc: None, .. } => "public".to_owned(),
                Owner { number: Owner::OTHERS, .. } => "other".to_owned(),
                Owner { vpc: Some(vpc), .. } => vpc.to_string(),
            };
            let by_outcome = Outcome::ALL.map(|_| OnceLock::new());
            Arc::new(ViewCounters { view, transport: self.0.transport, by_outcome })
        };
        Arc::clone(views.entry(owner.number).or_insert_with(new))
    }
}

impl ViewCounters {
    fn counter(&self, outcome: Outcome) -> &Counter {
        self.by_outcome[outcome as usize].get_or_init(|| {
            let (view, result) = (self.view.clone(), outcome.as_str());
            counter!(
                "postern_dns_queries_total",
                "view" => view, "transport" => self.transport, "result" => result
            )
        })
    }
}

impl Tally {
    pub(crate) fn new(shared: Queries) -> Self {
        Self {
            places: Vec::new(),
            views: Vec::new(),
            pending: Vec::new(),
            truncated: 0,
            limited: [0; Limited::ALL.len()],
            shared,
        }
    }

    /// Counts a message from a client with this view.
    pub(crate) fn count(&mut self, owner: Owner, answer: Answer) {
        let place = match self.places.get(owner.number) {
            Some(place) if *place != UNSEEN => *place,
            _ => self.make_room(owner),
        };
        let view = &mut self.views[usize::from(place)];
        view.counts[answer.outcome as usize] += 1;
        self.truncated += u64::from(answer.truncated);
        if !view.is_pending {
            view.is_pending = true;
            self.pending.push(place);
        }
    }

    #[cold]
    fn make_room(&mut self, owner: Owner) -> u16 {
        let place = u16::try_from(self.views.len()).unwrap_or(0);
        let counters = self.shared.of(owner);
        let counts = [0; Outcome::ALL.len()];
        self.views.push(ViewTally { counts, is_pending: false, counters });
        if self.places.len() <= owner.number {
            self.places.resize(owner.number + 1, UNSEEN);
        }
        self.places[owner.number] = place;
        place
    }

    /// Counts an answer over the limit.
    pub(crate) fn count_limited(&mut self, action: Limited) {
        self.limited[action as usize] += 1;
    }

    /// Notes how long a message took.
    pub(crate) fn took(&self, time: Duration) {
        self.shared.0.latency.record(time);
    }

    /// Adds what was counted to the shared counters.
    pub(crate) fn flush(&mut self) {
        for place in self.pending.drain(..) {
            let view = &mut self.views[usize::from(place)];
            view.is_pending = false;
            for (count, outcome) in view.counts.iter_mut().zip(Outcome::ALL) {
                let count = std::mem::take(count);
                if count > 0 {
                    view.counters.counter(outcome).increment(count);
                }
            }
        }
        let Shared { truncated, limited, .. } = &*self.shared.0;
        let sums = [&mut self.truncated].into_iter().chain(&mut self.limited);
        for (sum, counter) in sums.zip([truncated].into_iter().chain(limited)) {
            let count = std::mem::take(sum);
            if count > 0 {
                counter.increment(count);
            }
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

/// Where answers to forwarded questions come from.
pub(crate) struct ForwardAnswers {
    /// The cache.
    pub(crate) hit: Counter,
    /// A server.
    pub(crate) miss: Counter,
    /// The cache, past their time, for want of a server's answer.
    pub(crate) stale: Counter,
    /// Nowhere: SERVFAIL.
    pub(crate) failed: Counter,
    /// Nowhere, since no server is named for the domain.
    pub(crate) refused: Counter,
}

impl ForwardAnswers {
    pub(crate) fn new() -> Self {
        const NAME: &str = "postern_dns_forward_answers_total";
        let counter = |source: &'static str| counter!(NAME, "source" => source);
        let [hit, miss, stale, failed, refused] =
            ["hit", "miss", "stale", "failed", "refused"].map(counter);
        Self { hit, miss, stale, failed, refused }
    }
}

/// Lines of the query log that were written or lost.
pub(crate) fn query_log_lines(result: &'static str) -> Counter {
    counter!("postern_dns_query_log_lines_total", "result" => result)
}

/// How old what is answered from is.
pub(crate) fn snapshot_age() -> Gauge {
    gauge!("postern_dns_snapshot_age_seconds")
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
