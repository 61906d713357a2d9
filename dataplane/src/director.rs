//! The director: turns snapshots and probe results into changes for the workers and into `Health`.
//!
//! One task. What is new is worked out against what was told before, by comparing `Arc`s, on a
//! thread that may block: binding an address takes system calls, and telling a busy worker may take
//! waiting. Snapshots that arrive meanwhile are skipped but for the last. Does not know sessions.

mod binding;
mod forward;
mod key;
mod listener_tls;
mod targets;

use std::{
    os::fd::OwnedFd,
    pin::pin,
    sync::{Arc, mpsc::sync_channel},
    time::Duration,
};

use model::{Clock, Generation, Health, Snapshot};
use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    Config, metrics,
    probe::{Outcome, Prober, RESULTS_MAX},
    route::{Batch, Change, Message, NewListener},
    worker::Mailbox,
};

use binding::{Bindings, Opened};
use forward::Forwards;
use targets::{Recorded, Targets};

/// How often addresses that could not be bound are tried again.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// Changes that come with time alone are made in steps no shorter than this: pools are made anew
/// for them.
const STEP_MIN: Duration = Duration::from_millis(50);
/// How long workers may take to close listeners whose addresses are to be bound anew. They take a
/// turn's time; one that hangs must not stop everything else.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(2);

/// What the director starts with.
pub(crate) struct Inputs {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(crate) health: watch::Sender<Arc<Health>>,
    pub(crate) prober: Prober,
    pub(crate) outcomes: mpsc::Receiver<Outcome>,
}

/// Something to work on.
#[derive(Debug)]
enum News {
    Snapshot(Arc<Snapshot>),
    Outcomes(Vec<Outcome>),
    TimePassed,
    Retry,
}

/// Follows snapshots and probes for ever; it is stopped by aborting it.
pub(crate) async fn run(inputs: Inputs) {
    let Inputs { config, clock, mailboxes, mut snapshots, health, prober, mut outcomes } = inputs;
    let mut director = Director {
        workers: Workers { mailboxes },
        forwards: Forwards::new(&config),
        bindings: Bindings::new(config),
        targets: Targets::new(prober, clock.monotonic()),
        clock,
        snapshot: None,
        health: Arc::new(Health::default()),
    };
    let mut retry = interval(RETRY_EVERY);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut news = News::Snapshot(Arc::clone(&snapshots.borrow_and_update()));
    let mut is_fed = true;
    loop {
        let worked = spawn_blocking(move || {
            director.work(news);
            director
        });
        director = match worked.await {
            Ok(director) => director,
            Err(error) => {
                tracing::error!(%error, "follow snapshots; the last one stays in force");
                return;
            }
        };
        health.send_if_modified(|shown| {
            let is_new = !Arc::ptr_eq(shown, &director.health);
            *shown = Arc::clone(&director.health);
            is_new
        });
        let mut batch = Vec::new();
        let step = director.until_next_change();
        let mut rest = pin!(sleep(step.unwrap_or_default()));
        news = loop {
            tokio::select! {
                changed = snapshots.changed(), if is_fed => match changed {
                    Ok(()) => break News::Snapshot(Arc::clone(&snapshots.borrow_and_update())),
                    Err(_) => is_fed = false,
                },
                count = outcomes.recv_many(&mut batch, RESULTS_MAX) => {
                    if count == 0 {
                        return;
                    }
                    break News::Outcomes(batch);
                }
                () = &mut rest, if step.is_some() => break News::TimePassed,
                _ = retry.tick(), if director.bindings.has_unbound() => break News::Retry,
            }
        };
    }
}

/// What was told to the workers, and what is known.
struct Director {
    clock: Arc<dyn Clock>,
    workers: Workers,
    bindings: Bindings,
    forwards: Forwards,
    targets: Targets,
    snapshot: Option<Arc<Snapshot>>,
    health: Arc<Health>,
}

impl Director {
    fn work(&mut self, news: News) {
        self.targets.set_time(self.clock.monotonic());
        match news {
            News::Snapshot(snapshot) => self.follow(snapshot),
            News::Outcomes(outcomes) => {
                self.refresh(|targets, snapshot| targets.record(&outcomes, snapshot));
            }
            News::TimePassed => self.refresh(|targets, snapshot| targets.pass_time(snapshot)),
            News::Retry => self.retry(),
        }
        let (listeners, unbound) = self.bindings.count();
        metrics::show_served(self.health.generation, listeners, unbound);
    }

    /// Takes a snapshot, unless it is no newer than the last.
    fn follow(&mut self, snapshot: Arc<Snapshot>) {
        let known = self.snapshot.as_ref().map(|snapshot| snapshot.generation);
        if known.is_some_and(|known| snapshot.generation <= known) {
            return;
        }
        let before = self.snapshot.replace(Arc::clone(&snapshot));
        let before = before.as_deref();
        let resets = self.targets.follow(before, &snapshot);
        let mut changes = self.bindings.close(before, &snapshot, &mut self.forwards);
        if !changes.is_empty() && self.bindings.has_unopened() {
            self.workers.tell_and_wait(std::mem::take(&mut changes));
        }
        changes.extend(self.forwards.follow(before, &snapshot, &self.targets));
        changes.extend(self.bindings.readmit(before, &snapshot));
        self.open(&snapshot, changes, resets);
        self.publish(snapshot.generation);
    }

    /// How long nothing changes by itself.
    fn until_next_change(&self) -> Option<Duration> {
        let next = self.targets.next_change()?;
        Some(next.saturating_duration_since(self.clock.monotonic()).max(STEP_MIN))
    }

    /// Has targets change, and makes anew what follows from it.
    fn refresh(&mut self, change: impl FnOnce(&mut Targets, &Snapshot) -> Recorded) {
        let Some(snapshot) = self.snapshot.clone() else { return };
        let recorded = change(&mut self.targets, &snapshot);
        if recorded.groups.is_empty() {
            return;
        }
        let mut changes = self.forwards.refresh(&recorded.groups, &snapshot, &self.targets);
        changes.extend(recorded.resets);
        self.workers.tell(changes, Vec::new());
        self.publish(snapshot.generation);
    }

    fn retry(&mut self) {
        let Some(snapshot) = self.snapshot.clone() else { return };
        self.bindings.retry_unbound();
        self.open(&snapshot, Vec::new(), Vec::new());
        self.publish(snapshot.generation);
    }

    /// Binds what is to be bound, and tells the workers with it what else is new: first forwards,
    /// which listeners need, last resets, which would hit connections that are still to be moved.
    fn open(&mut self, snapshot: &Snapshot, mut changes: Vec<Change>, resets: Vec<Change>) {
        let opened = self.bindings.open(snapshot, &mut self.forwards);
        changes.extend(self.forwards.make_new(snapshot, &self.targets));
        changes.extend(opened.moves);
        changes.extend(self.forwards.drop_unused());
        changes.extend(resets);
        self.workers.tell(changes, opened.listeners);
    }

    /// Renews the health that is shown, if it is new.
    fn publish(&mut self, generation: Generation) {
        let known = &self.health;
        let is_same = known.generation == generation
            && known.bindings == *self.bindings.report()
            && known.unbound == self.bindings.unbound()
            && known.targets == *self.targets.report();
        if !is_same {
            self.health = Arc::new(Health {
                generation,
                bindings: self.bindings.report().clone(),
                unbound: self.bindings.unbound(),
                targets: self.targets.report().clone(),
            });
        }
    }
}

/// All workers, told the same.
#[derive(Debug)]
struct Workers {
    mailboxes: Vec<Mailbox>,
}

impl Workers {
    /// Sends changes, and to each worker its own of each listener's sockets.
    fn tell(&self, changes: Vec<Change>, listeners: Vec<Opened>) {
        if changes.is_empty() && listeners.is_empty() {
            return;
        }
        let mut shares: Vec<Vec<NewListener>> = self.mailboxes.iter().map(|_| Vec::new()).collect();
        for Opened { key, wire, addr, interface, forward, admission, limits, sockets } in listeners
        {
            for (share, socket) in shares.iter_mut().zip(sockets) {
                let (interface, admission) = (Arc::clone(&interface), admission.clone());
                let limits = limits.clone();
                let socket = OwnedFd::from(socket);
                let new =
                    NewListener { key, wire, socket, addr, interface, forward, admission, limits };
                share.push(new);
            }
        }
        for (mailbox, listeners) in self.mailboxes.iter().zip(shares) {
            let batch = Batch { changes: changes.clone(), listeners, done: None };
            mailbox.send(Message::Change(batch));
        }
    }

    /// Sends changes and waits until all workers have made them, or one takes too long.
    fn tell_and_wait(&self, changes: Vec<Change>) {
        let (done, heard) = sync_channel(self.mailboxes.len());
        for mailbox in &self.mailboxes {
            let done = Some(done.clone());
            let batch = Batch { changes: changes.clone(), listeners: Vec::new(), done };
            mailbox.send(Message::Change(batch));
        }
        drop(done);
        for _ in &self.mailboxes {
            if heard.recv_timeout(CLOSE_WAIT_MAX).is_err() {
                tracing::warn!("wait for workers to close listeners");
                return;
            }
        }
    }
}
