//! The keeper's thread: takes what comes (commands, the data plane's health, other nodes' commits,
//! the passing of time) and turns each into a transaction.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use control_core::{
    Chore, Event, EventKind, Key, Registry, Settings,
    project::{project, project_changes},
};
use model::{Clock, Generation, Health, Snapshot};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    Message, Request, Shared, StateError, SubmitError, Unavailable,
    binding::Awaiting,
    transaction::{Transaction, read, read_record},
};
use crate::{
    draw::Seeded,
    metrics::{Answered, KeeperMetrics},
    store::{Commit, CommitError, Loaded, Revision, Store, Watch},
};

/// How many commands share a transaction: enough that an fsync per transaction limits nobody, few
/// enough that no caller waits for much more than its own.
const BATCH_COMMANDS_MAX: usize = 64;
/// How many reports of the data plane share a transaction.
const BATCH_REPORTS_MAX: usize = 256;
/// How many records one tick sees to; the rest wait for the next.
const TICK_RECORDS_MAX: usize = 256;
/// How many VPCs of an earlier version share a transaction.
const UPGRADE_VPCS_MAX: usize = 256;
/// How exactly deadlines are kept.
const TICK: Duration = Duration::from_secs(1);
/// How often a transaction is decided again because another node committed first.
const ATTEMPTS_MAX: usize = 16;
/// How long to wait for a commit that the store says exists, before loading everything anew.
const CATCH_UP_WAIT: Duration = Duration::from_secs(2);

/// What the keeper was lent at its start.
pub(super) struct Lent {
    pub(super) store: Box<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) snapshots: watch::Sender<Arc<Snapshot>>,
    pub(super) health: watch::Receiver<Arc<Health>>,
    pub(super) settings: Arc<Settings>,
}

/// The thread's state.
pub(super) struct Worker {
    lent: Lent,
    draw: Seeded,
    shared: Arc<Shared>,
    metrics: KeeperMetrics,
    registry: Registry,
    revision: Revision,
    published: Arc<Snapshot>,
    awaiting: Awaiting,
    watch: Option<Watch>,
}

impl Worker {
    pub(super) fn new(lent: Lent, draw: Seeded, shared: Arc<Shared>) -> Self {
        Self {
            draw,
            shared,
            metrics: KeeperMetrics::new(),
            registry: Registry::new(Arc::clone(&lent.settings)),
            revision: Revision(0),
            published: Arc::new(Snapshot::empty(lent.settings.region.clone())),
            awaiting: Awaiting::default(),
            watch: None,
            lent,
        }
    }

    /// Reads everything from the store and publishes it.
    pub(super) fn load(&mut self) -> Result<(), StateError> {
        let Loaded { revision, records } = self.lent.store.load().map_err(StateError::Load)?;
        let watch = self.lent.store.watch(revision).map_err(StateError::Watch)?;
        let records = records.iter().map(|(key, bytes)| read_record(key, bytes));
        let records: Vec<_> = records.collect::<Result<_, _>>()?;
        self.registry = Registry::of(Arc::clone(&self.lent.settings), records);
        self.revision = revision;
        self.watch = Some(watch);
        let snapshot = project(&self.registry, revision.into());
        self.publish(Some(snapshot));
        self.awaiting = Awaiting::of(&self.registry, self.published.generation);
        Ok(())
    }

    /// Works until told to stop; answers with those who wait for that.
    pub(super) async fn run(
        mut self,
        mut mailbox: mpsc::Receiver<Message>,
    ) -> Vec<oneshot::Sender<()>> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut messages = Vec::with_capacity(BATCH_COMMANDS_MAX);
        let mut has_health = true;
        self.upgrade().await;
        loop {
            tokio::select! {
                count = mailbox.recv_many(&mut messages, BATCH_COMMANDS_MAX) => {
                    let Sorted { requests, chores, stopped } = sorted(&mut messages);
                    self.serve(requests).await;
                    if !chores.is_empty() {
                        self.chore(chores).await;
                    }
                    if count == 0 || !stopped.is_empty() {
                        return stopped;
                    }
                }
                changed = self.lent.health.changed(), if has_health => {
                    has_health = changed.is_ok();
                }
                commit = next_commit(&mut self.watch) => self.follow_or_reload(commit),
                _ = ticks.tick() => {
                    self.chore(vec![Chore::Tick { records_max: TICK_RECORDS_MAX }]).await;
                }
            }
            self.report().await;
        }
    }

    /// Completes what an earlier version stored.
    async fn upgrade(&mut self) {
        let mut before = None;
        while before != Some(self.revision) {
            before = Some(self.revision);
            self.chore(vec![Chore::Upgrade { vpcs_max: UPGRADE_VPCS_MAX }]).await;
        }
    }

    /// Has commands done and answers them.
    async fn serve(&mut self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        let answers = match self.transact(&requests, &[]).await {
            Ok(answers) => answers.into_iter().map(|it| it.map_err(SubmitError::Refused)).collect(),
            Err(why) => vec![Err(SubmitError::Unavailable(why)); requests.len()],
        };
        for (request, answer) in requests.into_iter().zip(answers) {
            self.metrics.answered(match &answer {
                Ok(_) => Answered::Done,
                Err(SubmitError::Refused(_)) => Answered::Refused,
                Err(SubmitError::Unavailable(_)) => Answered::Unavailable,
            });
            // A caller that no longer waits need not hear it.
            let _ = request.answer.send(answer);
        }
    }

    /// Does what Postern asks of itself. What cannot be done now is asked for again: by the next
    /// tick, or because the endpoint goes on waiting.
    async fn chore(&mut self, chores: Vec<Chore>) {
        if let Err(why) = self.transact(&[], &chores).await {
            tracing::debug!(%why, "chores are put off");
        }
    }

    /// Turns the data plane's health into chores, until nothing new is to be had from it.
    async fn report(&mut self) {
        loop {
            let health = Arc::clone(&self.lent.health.borrow_and_update());
            let chores = self.awaiting.reports(&self.registry, &health, BATCH_REPORTS_MAX);
            if chores.is_empty() || self.transact(&[], &chores).await.is_err() {
                return;
            }
        }
    }

    /// Decides, commits and applies; decides again after a lost race.
    async fn transact(
        &mut self,
        requests: &[Request],
        chores: &[Chore],
    ) -> Result<Vec<Result<control_core::Outcome, control_core::Refusal>>, Unavailable> {
        for _ in 0..ATTEMPTS_MAX {
            if self.shared.store_failed.load(Ordering::Acquire) {
                return Err(Unavailable::StoreFailed);
            }
            let now = self.lent.clock.wall();
            let decided =
                Transaction::decide(&self.registry, requests, chores, &mut self.draw, now);
            if decided.events.is_empty() {
                return Ok(decided.answers);
            }
            let started = self.lent.clock.monotonic();
            match self.lent.store.commit(self.revision, &decided.writes()) {
                Ok(revision) => {
                    let took = self.lent.clock.monotonic().saturating_duration_since(started);
                    self.metrics.committed(took);
                    decided.events.iter().for_each(log);
                    let changed: Vec<Key> =
                        decided.changes().map(control_core::Change::key).collect();
                    self.adopt(decided.registry, revision, &changed);
                    return Ok(decided.answers);
                }
                Err(CommitError::Conflict { actual, .. }) => {
                    self.metrics.conflicted();
                    self.catch_up(actual).await;
                }
                Err(error @ CommitError::Failed { .. }) => self.fail(&error),
            }
        }
        Err(Unavailable::Contended)
    }

    /// Takes a new state and shows it to everybody.
    fn adopt(&mut self, registry: Registry, revision: Revision, changed: &[Key]) {
        self.registry = registry;
        self.revision = revision;
        let generation = Generation::from(revision);
        let snapshot = project_changes(&self.registry, &self.published, changed, generation);
        self.publish(snapshot);
        for key in changed {
            if let Key::Endpoint(endpoint) = key {
                self.awaiting.note(&self.registry, *endpoint, self.published.generation);
            }
        }
    }

    /// Shows the registry to readers, and the snapshot to the planes if there is a new one.
    fn publish(&mut self, snapshot: Option<Snapshot>) {
        self.shared.registry.store(Arc::new(self.registry.clone()));
        self.shared.revision.send_replace(self.revision);
        let (endpoints, messages) = (self.registry.endpoint_count(), self.registry.message_count());
        self.metrics.state(self.revision.0, endpoints, messages);
        if let Some(snapshot) = snapshot {
            self.published = Arc::new(snapshot);
            self.lent.snapshots.send_replace(Arc::clone(&self.published));
        }
    }

    /// Follows other nodes up to a revision that exists.
    async fn catch_up(&mut self, actual: Revision) {
        while self.revision < actual && !self.shared.store_failed.load(Ordering::Acquire) {
            let commit = timeout(CATCH_UP_WAIT, next_commit(&mut self.watch)).await;
            self.follow_or_reload(commit.unwrap_or(None));
        }
    }

    /// Applies a commit, most often one of our own that is applied already. If it is not the next
    /// one, or there is none, something was missed and everything is loaded anew.
    fn follow_or_reload(&mut self, commit: Option<Commit>) {
        let followed = match commit {
            Some(commit) if commit.revision <= self.revision => Ok(()),
            Some(commit) if commit.revision == self.revision.next() => self.follow(&commit),
            Some(_) | None => self.load(),
        };
        if let Err(error) = followed {
            self.watch = None;
            self.fail(&error);
        }
    }

    fn follow(&mut self, commit: &Commit) -> Result<(), StateError> {
        let mut registry = self.registry.clone();
        let mut changed = Vec::with_capacity(commit.writes.len());
        for write in commit.writes.iter() {
            let change = read(write)?;
            registry.change(&change);
            changed.push(change.key());
        }
        self.adopt(registry, commit.revision, &changed);
        Ok(())
    }

    /// From now on nothing is acknowledged; what was published stays published.
    fn fail(&self, error: &dyn std::error::Error) {
        self.shared.store_failed.store(true, Ordering::Release);
        let causes: Vec<_> = std::iter::successors(Some(error), |error| error.source())
            .map(ToString::to_string)
            .collect();
        tracing::error!(
            error = causes.join(": "),
            "the store failed; no change is taken until it is opened again"
        );
    }
}

/// The next commit of the store; none if the watch ended. Waits for ever without a watch.
async fn next_commit(watch: &mut Option<Watch>) -> Option<Commit> {
    match watch {
        Some(watch) => watch.0.recv().await,
        None => std::future::pending().await,
    }
}

/// What came, by what is to be done with it.
#[derive(Default)]
struct Sorted {
    requests: Vec<Request>,
    chores: Vec<Chore>,
    stopped: Vec<oneshot::Sender<()>>,
}

fn sorted(messages: &mut Vec<Message>) -> Sorted {
    let mut sorted = Sorted::default();
    for message in messages.drain(..) {
        match message {
            Message::Submit(request) => sorted.requests.push(*request),
            Message::Report(chore) => sorted.chores.push(*chore),
            Message::RemoveMessages(ids) => {
                sorted.chores.extend(ids.into_iter().map(Chore::RemoveMessage));
            }
            Message::Stop { stopped } => sorted.stopped.push(stopped),
        }
    }
    sorted
}

fn log(event: &Event) {
    let by = event.by.as_ref().map(tracing::field::display);
    match event.kind {
        EventKind::EndpointCreated { .. }
        | EventKind::EndpointMoved { .. }
        | EventKind::DomainVerification { .. } => {
            tracing::info!(by, "{}", event.kind);
        }
        _ => tracing::debug!(by, "{}", event.kind),
    }
}
