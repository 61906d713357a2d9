//! The courier: takes messages about connections to where the configuration says their topics are.
//!
//! Messages wait in the registry, written in the transaction of what they tell of, so whatever was
//! acknowledged is told, also after a crash. The courier looks at what waits, tries, and has the
//! keeper remove what was delivered or will never be; what the keeper has not removed yet is not
//! sent again by this process, and is by the next one: at least once. Messages to one topic go one
//! after another in the order of what happened; a receiver that does not answer is tried again
//! after waits that grow. Does not know what is in a registry besides messages.

mod document;
mod exchange;
mod publish;
mod receiver_url;
mod trust;
mod webhook;

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use control_core::resource::{Message, MessageId, TopicArn};
use model::Clock;
use tokio::{task::JoinSet, time::sleep};

use exchange::{Failure, Receiver};
pub use receiver_url::{ReceiverUrl, UrlError};
pub use trust::{Trust, TrustError};

use crate::{
    Keeper, Secret,
    config::AccessKey,
    metrics::{self, Delivery},
};

/// Receivers spoken to at one time; more wait for their turn.
const ATTEMPTS_MAX: usize = 16;
/// How long the first wait after a failure is, and the longest: waits double in between.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(300);
/// Messages that the keeper is asked to remove at one time, so that no transaction is large.
const REMOVALS_MAX: usize = 64;
/// How often what waits is looked at even if nothing changed: a removal that the keeper could not
/// make is asked for again.
const LOOK: Duration = Duration::from_secs(30);

/// Where topics are.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The topics that have a receiver. Messages to others are dropped.
    pub topics: Vec<Topic>,
    /// Whose certificates are believed.
    pub trust: Trust,
}

/// A topic and its receiver.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The topic, as notifications name it.
    pub arn: TopicArn,
    /// Where messages are posted.
    pub url: ReceiverUrl,
    /// How.
    pub form: Form,
}

/// How a message is handed over.
#[derive(Clone, Debug)]
pub enum Form {
    /// As SNS posts it to a subscriber over HTTP.
    Webhook {
        /// Signs messages; none leaves them unsigned.
        secret: Option<Secret>,
    },
    /// As a publisher asks SNS, or what speaks its protocol, to publish it on the topic.
    Publish(AccessKey),
}

/// What the courier works with.
pub struct Courier {
    /// Where messages are, and who removes them.
    pub keeper: Keeper,
    /// The time of day, for signatures; and how long to wait.
    pub clock: Arc<dyn Clock>,
    /// Where the jitter of waits starts.
    pub seed: u64,
}

/// A topic's receiver, and how it fares.
struct Line {
    receiver: Arc<Receiver>,
    is_busy: bool,
    failures: u32,
    not_before: Option<Instant>,
}

/// The courier's memory.
struct Round {
    courier: Courier,
    draw: fastrand::Rng,
    lines: HashMap<TopicArn, Line>,
    attempts: JoinSet<(Arc<Message>, Result<(), Failure>)>,
    /// Need not be sent again; the keeper is asked to remove them. No more than there are messages.
    done: HashSet<MessageId>,
}

/// Delivers until `shutdown` ends. What is under way then is broken off, and sent again by the
/// next start.
pub async fn run(config: Config, courier: Courier, shutdown: impl Future<Output = ()> + Send) {
    let mut revisions = courier.keeper.revisions();
    let mut round = Round::new(config, courier);
    let mut shutdown = pin!(shutdown);
    loop {
        revisions.borrow_and_update();
        let pause = round.begin().await;
        tokio::select! {
            () = &mut shutdown => {
                // What was delivered is not to be sent again by the next start.
                return round.settle().await;
            }
            changed = revisions.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            Some(attempt) = round.attempts.join_next() => {
                if let Ok((message, result)) = attempt {
                    round.end(&message, result);
                }
            }
            () = sleep(pause) => {}
        }
    }
}

impl Round {
    fn new(config: Config, courier: Courier) -> Self {
        let region = courier.keeper.registry().settings().region.clone();
        let lines = config.topics.into_iter().map(|topic| {
            let Topic { arn, url, form } = topic;
            let (region, trust) = (region.clone(), config.trust.clone());
            let receiver = Arc::new(Receiver { url, form, region, trust });
            (arn, Line { receiver, is_busy: false, failures: 0, not_before: None })
        });
        let lines = lines.collect();
        let draw = fastrand::Rng::with_seed(courier.seed);
        Self { courier, draw, lines, attempts: JoinSet::new(), done: HashSet::new() }
    }

    /// Begins every attempt whose time has come; says how long nothing else will.
    async fn begin(&mut self) -> Duration {
        let now = self.courier.clock.monotonic();
        let registry = self.courier.keeper.registry();
        self.done.retain(|id| registry.message(*id).is_some());
        let mut pause = LOOK;
        // A topic's oldest message is the one to send; those behind it wait for it.
        let mut seen = HashSet::new();
        for message in registry.messages() {
            if self.done.contains(&message.id) || !seen.insert(&message.topic) {
                continue;
            }
            let Some(line) = self.lines.get_mut(&message.topic) else {
                metrics::notification(Delivery::NoReceiver);
                self.done.insert(message.id);
                seen.remove(&message.topic);
                continue;
            };
            if line.is_busy || self.attempts.len() >= ATTEMPTS_MAX {
                continue;
            }
            let wait =
                line.not_before.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
            if !wait.is_zero() {
                pause = pause.min(wait);
                continue;
            }
            line.is_busy = true;
            let (receiver, message) = (Arc::clone(&line.receiver), Arc::clone(message));
            let at = self.courier.clock.wall();
            self.attempts.spawn(async move {
                let result = receiver.send(&message, at).await;
                (message, result)
            });
        }
        self.settle().await;
        pause
    }

    /// Asks the keeper to remove what need not be sent.
    async fn settle(&self) {
        if !self.done.is_empty() {
            let done = self.done.iter().copied().take(REMOVALS_MAX).collect();
            self.courier.keeper.remove_messages(done).await;
        }
    }

    /// Takes note of how an attempt ended.
    fn end(&mut self, message: &Message, result: Result<(), Failure>) {
        let Some(line) = self.lines.get_mut(&message.topic) else { return };
        line.is_busy = false;
        match result {
            Ok(()) => {
                metrics::notification(Delivery::Delivered);
                (line.failures, line.not_before) = (0, None);
                self.done.insert(message.id);
            }
            Err(failure) if line.receiver.is_final(&failure) => {
                metrics::notification(Delivery::Rejected);
                tracing::warn!(
                    id = %message.id, topic = %message.topic, %failure,
                    "a connection notification is given up: its receiver does not want it"
                );
                self.done.insert(message.id);
            }
            Err(failure) => {
                metrics::notification(Delivery::Failed);
                tracing::debug!(
                    id = %message.id, topic = %message.topic, %failure,
                    "a connection notification will be sent again"
                );
                let wait = back_off(line.failures, &mut self.draw);
                line.failures = line.failures.saturating_add(1);
                line.not_before = Some(self.courier.clock.monotonic() + wait);
            }
        }
    }
}

/// How long to wait after so many failures in a row: doubling, and between half of it and all of
/// it, so that receivers that went away together are not all tried together.
fn back_off(failures: u32, draw: &mut fastrand::Rng) -> Duration {
    let whole = FIRST_WAIT.saturating_mul(1 << failures.min(16)).min(WAIT_MAX);
    whole.mul_f64(0.5 + draw.f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_differ() {
        let mut draw = fastrand::Rng::with_seed(1);
        for (failures, longest) in [(0, 1), (1, 2), (5, 32), (9, 300), (u32::MAX, 300)] {
            let longest = Duration::from_secs(longest);
            let waits: HashSet<_> = (0..50).map(|_| back_off(failures, &mut draw)).collect();
            assert!(waits.len() > 10);
            assert!(waits.iter().all(|wait| (longest / 2..=longest).contains(wait)), "{waits:?}");
        }
    }
}
