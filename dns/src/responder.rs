//! Answering a message as the operator wants it, whichever way it came: on which terms, how much
//! of it, and what is counted and written down about it.
//!
//! Each thread or connection has a [`Responder`]; what they share is immutable, or atomic as the
//! limiter is, or takes things in without waiting as the query log does. The clock is read once per
//! batch, and once more for at most one batch in a millisecond: a thousand samples a second tell a
//! distribution as well as all would, and their cost does not grow with the load. Does not know
//! sockets, nor what there is to answer.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use dns_core::{
    Answer, Cookie, CookieSecret, Identity, Limiter, Outcome, Prefixes, Rate, Terms, Transport,
    View, answer_on, answer_shortly, complete,
};
use model::{Clock, Timestamp, VpcId};

use crate::{
    metrics::{Limited, Queries, Tally},
    query_log::{Entry, Log},
};

/// Batches that are closer follow each other at once: one question alone takes some 20 µs with its
/// system calls.
const BUSY_GAP: Duration = Duration::from_micros(50);
/// How far apart two samples of the latency are at least.
const SAMPLE_PERIOD: Duration = Duration::from_millis(1);
/// How long the wall clock is carried on by the monotonic one before it is read again.
const WALL_PERIOD: Duration = Duration::from_secs(1);

/// How much clients may have over UDP that have not proved their address by a server cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How much one network may have.
    pub rate: Rate,
    /// Of the answers over the limit, every how manieth is replaced by a short one, which tells to
    /// ask over TCP; the others are dropped. With 0 all are dropped.
    pub slip: u32,
    /// Whose addresses are not limited.
    pub exempt: Prefixes,
    /// Whether clients are not limited that are in a network that we know.
    pub is_exempt_in_vpcs: bool,
    /// How many times as long as the question an answer may be.
    pub amplification_max: Option<usize>,
}

/// What all who answer share.
pub(crate) struct Manner {
    identity: Identity,
    cookies: Option<CookieSecret>,
    limit: Option<(RateLimit, Limiter)>,
    log: Option<Log>,
    clock: Arc<dyn Clock>,
    /// What the limiter's time counts from.
    start: Instant,
}

impl Manner {
    pub(crate) fn new(
        identity: Identity,
        cookies: Option<CookieSecret>,
        limit: Option<RateLimit>,
        log: Option<Log>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let limit = limit.map(|limit| {
            let limiter = Limiter::new(limit.rate, fastrand::u64(..));
            (limit, limiter)
        });
        let start = clock.monotonic();
        Self { identity, cookies, limit, log, clock, start }
    }

    /// The limit, if it is about this client.
    fn limit_of(&self, view: &View, client: IpAddr) -> Option<&(RateLimit, Limiter)> {
        let limit = self.limit.as_ref()?;
        let is_exempt = (limit.0.is_exempt_in_vpcs && view.owner().vpc.is_some())
            || limit.0.exempt.hold(client);
        (!is_exempt).then_some(limit)
    }

    /// Makes the reply of others to a client's message one of ours.
    pub(crate) fn complete(&self, asked: Asked<'_>, reply: &mut Vec<u8>) {
        let Asked { message, vpc, peer, transport, is_limited } = asked;
        let now = self.clock.wall();
        let mut terms = self.terms(transport, peer.ip(), now);
        let limit = self.limit.as_ref().filter(|_| is_limited);
        terms.amplification_max = limit.and_then(|(limit, _)| limit.amplification_max);
        complete(&terms, message, reply);
        self.log(vpc, now, (peer, transport), reply);
    }

    /// Has a reply written down, if it is wanted.
    fn log(
        &self,
        vpc: Option<VpcId>,
        at: Timestamp,
        (peer, transport): (SocketAddr, Transport),
        reply: &[u8],
    ) {
        if let Some(log) = &self.log
            && let Some(vpc) = log.wants(vpc)
            && !reply.is_empty()
        {
            log.take(Entry { at, vpc, peer, transport, reply: reply.into() });
        }
    }

    /// Whether a client may have no more than the limit.
    pub(crate) fn is_limited(&self, view: &View, client: IpAddr) -> bool {
        self.limit_of(view, client).is_some()
    }

    fn terms(&self, transport: Transport, client: IpAddr, now: Timestamp) -> Terms<'_> {
        let [_, _, _, _, seconds @ ..] = now.as_secs().to_be_bytes();
        Terms {
            client,
            now_s: u32::from_be_bytes(seconds),
            identity: &self.identity,
            cookies: self.cookies.as_ref(),
            ..Terms::plain(transport, 0)
        }
    }
}

/// A message that others have answered.
pub(crate) struct Asked<'m> {
    pub(crate) message: &'m [u8],
    pub(crate) vpc: Option<VpcId>,
    pub(crate) peer: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) is_limited: bool,
}

/// Answers for one thread or connection.
pub(crate) struct Responder {
    manner: Arc<Manner>,
    transport: Transport,
    turns: fastrand::Rng,
    tally: Tally,
    time: Time,
    /// Answers over the limit so far.
    over: u32,
}

impl Responder {
    pub(crate) fn new(manner: Arc<Manner>, transport: Transport, queries: Queries) -> Self {
        let time = Time::read(&*manner.clock);
        let (turns, tally) = (fastrand::Rng::new(), Tally::new(queries));
        Self { manner, transport, turns, tally, time, over: 0 }
    }

    /// Begins a batch: what follows happens now.
    pub(crate) fn begin(&mut self) {
        self.time.advance(&*self.manner.clock);
    }

    /// Whether batches follow each other at once.
    pub(crate) fn is_busy(&self) -> bool {
        self.time.gap < BUSY_GAP
    }

    /// Answers a message, and counts it.
    pub(crate) fn respond(
        &mut self,
        view: &View,
        message: &[u8],
        peer: SocketAddr,
        buffer: &mut [u8],
    ) -> Answer {
        // Nobody listens on port 0; a reply there could only be the work of a forger.
        let answer = if peer.port() == 0 {
            Answer::DROPPED
        } else {
            self.answer(view, message, peer.ip(), buffer)
        };
        self.note(view, answer, peer, buffer);
        answer
    }

    /// Counts a message, and has its reply written down.
    pub(crate) fn note(&mut self, view: &View, answer: Answer, peer: SocketAddr, reply: &[u8]) {
        let owner = view.owner();
        self.tally.count(owner, answer);
        if self.manner.log.is_some()
            && let Some(reply) = reply.get(..answer.len)
        {
            self.manner.log(owner.vpc, self.time.wall(), (peer, self.transport), reply);
        }
    }

    /// Answers a message, for who counts it later.
    pub(crate) fn answer(
        &mut self,
        view: &View,
        message: &[u8],
        client: IpAddr,
        buffer: &mut [u8],
    ) -> Answer {
        let Self { manner, transport, turns, tally, time, over } = self;
        let mut terms = manner.terms(*transport, client, time.wall());
        terms.turn = turns.u32(..);
        let limit = match transport {
            Transport::Udp => manner.limit_of(view, client),
            // Whoever has a connection has its address.
            Transport::Tcp => None,
        };
        let Some((limit, limiter)) = limit else {
            return answer_on(&terms, view, message, buffer);
        };
        terms.amplification_max = limit.amplification_max;
        let answer = answer_on(&terms, view, message, buffer);
        if answer.outcome == Outcome::Dropped
            || answer.cookie == Cookie::Proved
            || limiter.admits(client, answer.outcome, time.since(manner.start))
        {
            return answer;
        }
        *over = over.wrapping_add(1);
        if limit.slip == 0 || !over.is_multiple_of(limit.slip) {
            tally.count_limited(Limited::Dropped);
            return Answer::DROPPED;
        }
        let answer = answer_shortly(&terms, message, buffer);
        tally.count_limited(match answer.outcome {
            Outcome::BadCookie => Limited::BadCookie,
            _ => Limited::Truncated,
        });
        answer
    }

    /// Ends a batch: what was counted is added up, and now and then the time it took.
    pub(crate) fn end(&mut self) {
        if let Some(took) = self.time.sample(&*self.manner.clock) {
            self.tally.took(took);
        }
        self.tally.flush();
    }
}

/// The time of a batch.
struct Time {
    now: Instant,
    /// Between the last two batches.
    gap: Duration,
    /// The last reading of both clocks.
    anchor: (Instant, Timestamp),
    sampled: Option<Instant>,
}

impl Time {
    fn read(clock: &dyn Clock) -> Self {
        let now = clock.monotonic();
        Self { now, gap: Duration::MAX, anchor: (now, clock.wall()), sampled: None }
    }

    fn advance(&mut self, clock: &dyn Clock) {
        let before = std::mem::replace(&mut self.now, clock.monotonic());
        self.gap = self.now.saturating_duration_since(before);
        if self.now.saturating_duration_since(self.anchor.0) >= WALL_PERIOD {
            self.anchor = (self.now, clock.wall());
        }
    }

    fn wall(&self) -> Timestamp {
        self.anchor.1 + self.now.saturating_duration_since(self.anchor.0)
    }

    /// Microseconds.
    fn since(&self, start: Instant) -> u64 {
        let micros = self.now.saturating_duration_since(start).as_micros();
        u64::try_from(micros).unwrap_or(u64::MAX)
    }

    /// How long the batch has taken, if its turn has come to be measured.
    fn sample(&mut self, clock: &dyn Clock) -> Option<Duration> {
        let is_due = self
            .sampled
            .is_none_or(|before| self.now.saturating_duration_since(before) >= SAMPLE_PERIOD);
        is_due.then(|| {
            self.sampled = Some(self.now);
            clock.monotonic().saturating_duration_since(self.now)
        })
    }
}
