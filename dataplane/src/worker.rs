//! One worker: a thread with its own poll, listeners and connections.
//!
//! The loop is: poll, take messages, accept, relay what is ready, look at timers, count. Everything
//! that could go on for long has a share per turn and then queues up behind the others: accepts,
//! bytes per connection, messages. Relies on [`crate::session`] for what a connection does; does
//! not know selection, health or who sends the messages.

mod accept;
mod handshake;
mod pace;
mod table;
mod turn;
mod udp;

use std::{
    collections::VecDeque,
    fs::File,
    io,
    rc::Rc,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::{Duration, Instant},
};

use dataplane_core::{admission::Admission, reason::End, timer::Wheel};
use mio::{Events, Poll, Token, Waker};
use model::Clock;
use slab::Slab;
use tokio::sync::oneshot;

use crate::{
    Config,
    limit::Limits,
    metrics::{Tally, WorkerMetrics},
    relay::Tools,
    route::{Batch, Change, Forward, Interface, Key, Message},
    session::{Origin, Session, TICK},
    source::Sources,
};

use handshake::Handshakes;
use table::Table;
use udp::Udp;

/// Messages that wait for a worker; whoever sends more waits.
const MESSAGES_MAX: usize = 64;
/// Events taken per poll.
const EVENTS_MAX: usize = 1024;
/// Counters are flushed at least this often while anything moves.
const FLUSH_EVERY: Duration = Duration::from_millis(500);
/// The poll's token of the waker; see [`turn`] for the others.
const WAKE: Token = Token(usize::MAX);

/// The sending end of a worker.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    queue: SyncSender<Message>,
    waker: Arc<Waker>,
}

impl Mailbox {
    /// Sends a message, and waits while the queue is full: not for async callers. A worker that is
    /// gone needs no message.
    pub(crate) fn send(&self, message: Message) {
        let message = match self.queue.try_send(message) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => return self.wake(),
            Err(TrySendError::Full(message)) => message,
        };
        self.wake();
        if self.queue.send(message).is_ok() {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "wake a worker");
        }
    }
}

/// What a worker is made of, before its thread starts.
pub(crate) struct Parts {
    poll: Poll,
    messages: Receiver<Message>,
    reserve: File,
    config: Config,
    clock: Arc<dyn Clock>,
    epoch: Instant,
    /// Dropped when the worker stops.
    running: oneshot::Sender<()>,
}

/// Makes what a worker needs, so that want of it is known before any thread runs. All workers count
/// time from the same epoch: they share buckets.
pub(crate) fn prepare(
    config: &Config,
    clock: &Arc<dyn Clock>,
    epoch: Instant,
) -> io::Result<(Mailbox, Parts, oneshot::Receiver<()>)> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
    let (queue, messages) = sync_channel(MESSAGES_MAX);
    let (running, stopped) = oneshot::channel();
    let parts = Parts {
        poll,
        messages,
        reserve: reserve()?,
        config: config.clone(),
        clock: Arc::clone(clock),
        epoch,
        running,
    };
    Ok((Mailbox { queue, waker }, parts, stopped))
}

/// A file descriptor to give up when no other is left, so that waiting clients can be turned away.
fn reserve() -> io::Result<File> {
    File::open("/dev/null")
}

/// A listener of this worker.
#[derive(Debug)]
struct Listener {
    socket: std::os::fd::OwnedFd,
    origin: Rc<Origin>,
    forward: Key,
    admission: Admission,
    is_queued: bool,
}

/// An interface with listeners or connections in this worker.
#[derive(Debug)]
struct Local {
    interface: Arc<Interface>,
    /// Of its endpoint, shared by all workers.
    limits: Option<Arc<Limits>>,
    tally: Tally,
    /// Connections open in this worker.
    active: usize,
    is_dirty: bool,
}

/// Who waits for another turn.
#[derive(Clone, Copy, Debug)]
enum Queued {
    Listener(Key),
    Session {
        index: u32,
        generation: u32,
    },
    /// Of UDP: the socket that clients send to, and the one that a target answers to.
    Clients(Key),
    Target {
        place: u32,
        generation: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Serving,
    Draining,
    Stopped,
}

/// The thread's whole state.
struct Worker {
    poll: Poll,
    messages: Receiver<Message>,
    config: Config,
    clock: Arc<dyn Clock>,
    epoch: Instant,
    now_ms: u64,
    /// Starts at 1: tick 0 is "never".
    now: u32,
    listeners: Table<Listener>,
    forwards: Table<Arc<Forward>>,
    interfaces: Table<Local>,
    sessions: Slab<Session>,
    handshakes: Handshakes,
    generation: u32,
    timers: Wheel,
    fired: Vec<u32>,
    /// None until there is a UDP listener.
    udp: Option<Box<Udp>>,
    tools: Tools,
    sources: Sources,
    queue: VecDeque<Queued>,
    /// Listeners that wait for file descriptors, and until when.
    starved: Vec<Key>,
    starved_until: u32,
    reserve: Option<File>,
    dirty: Vec<Key>,
    flush_at_ms: u64,
    metrics: WorkerMetrics,
    phase: Phase,
}

/// Runs a worker until it is stopped, or drained and empty.
pub(crate) fn run(parts: Parts) {
    let Parts { poll, messages, reserve, config, clock, epoch, running } = parts;
    let mut worker = Worker {
        poll,
        messages,
        epoch,
        clock,
        now_ms: 0,
        now: 1,
        listeners: Table::default(),
        forwards: Table::default(),
        interfaces: Table::default(),
        sessions: Slab::new(),
        handshakes: Handshakes::default(),
        generation: 0,
        timers: Wheel::default(),
        fired: Vec::new(),
        udp: None,
        tools: Tools::new(config.pipes_max),
        sources: Sources::new(&config.source_addresses),
        config,
        queue: VecDeque::new(),
        starved: Vec::new(),
        starved_until: 0,
        reserve: Some(reserve),
        dirty: Vec::new(),
        flush_at_ms: 0,
        metrics: WorkerMetrics::new(),
        phase: Phase::Serving,
    };
    if let Err(error) = worker.turns() {
        tracing::error!(%error, "poll for events; a worker stops");
    }
    drop(worker);
    drop(running);
}

impl Worker {
    fn turns(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => other?,
            }
            self.read_clock();
            let mut woken = false;
            for event in &events {
                if event.token() == WAKE {
                    woken = true;
                } else {
                    self.take_event(event);
                }
            }
            if woken {
                self.take_messages();
            }
            self.run_queue();
            self.run_handshakes();
            self.finish_udp_turn();
            self.run_timers();
            self.flush_if_due();
            let is_empty = self.sessions.is_empty() && self.handshakes.is_empty();
            let is_udp_quiet = self.udp.as_ref().is_none_or(|udp| udp.is_quiet(self.now));
            let is_drained = self.phase == Phase::Draining && is_empty && is_udp_quiet;
            if is_drained || self.phase == Phase::Stopped {
                self.stop_udp();
                self.flush();
                return Ok(());
            }
        }
    }

    fn read_clock(&mut self) {
        let elapsed = self.clock.monotonic().saturating_duration_since(self.epoch);
        self.now_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let tick = elapsed.as_millis() / TICK.as_millis();
        self.now = u32::try_from(tick).unwrap_or(u32::MAX).saturating_add(1);
    }

    /// How long the poll may sleep.
    fn timeout(&self) -> Option<Duration> {
        if !self.queue.is_empty() || self.handshakes.is_busy() {
            return Some(Duration::ZERO);
        }
        let tick_ms = u64::try_from(TICK.as_millis()).unwrap_or(u64::MAX);
        let at_ms = |tick: u32| u64::from(tick.saturating_sub(1)).saturating_mul(tick_ms);
        let starved = (!self.starved.is_empty()).then(|| at_ms(self.starved_until));
        let flush = (!self.dirty.is_empty()).then_some(self.flush_at_ms);
        let (udp, counted) = self.udp.as_ref().map_or((None, None), |udp| udp.next(self.phase));
        let timers = [self.timers.next(), self.handshakes.next_timer(), udp];
        let timers = timers.into_iter().flatten().min();
        let next = [timers.map(at_ms), starved, flush, counted].into_iter().flatten().min()?;
        // Rounded up, or the poll would return just before the tick, again and again.
        Some(Duration::from_millis(next.saturating_sub(self.now_ms) + 1))
    }

    fn take_messages(&mut self) {
        while let Ok(message) = self.messages.try_recv() {
            match message {
                Message::Change(batch) => self.take_batch(batch),
                Message::Drain => {
                    // Whoever waits in an accept queue has connected, as far as it knows.
                    for key in 0..self.listeners.len() {
                        self.accept(key);
                    }
                    self.listeners.clear();
                    self.phase = Phase::Draining;
                }
                Message::Stop => {
                    self.listeners.clear();
                    self.end_handshakes(End::Shutdown, |_| true);
                    self.end_where(End::Shutdown, |_| true);
                    self.phase = Phase::Stopped;
                }
            }
        }
    }

    fn take_batch(&mut self, batch: Batch) {
        self.change(batch.changes);
        if self.phase == Phase::Serving {
            batch.listeners.into_iter().for_each(|listener| self.add_listener(listener));
        }
        if let Some(done) = batch.done {
            // Whoever asked may have stopped waiting.
            let _ = done.try_send(());
        }
    }

    fn change(&mut self, changes: Vec<Change>) {
        for change in changes {
            self.change_udp(&change);
            match change {
                Change::SetForward(key, forward) => {
                    self.forwards.put(key, forward);
                }
                Change::RemoveForward(key) => {
                    self.forwards.take(key);
                }
                Change::RemoveListener(key) => {
                    self.listeners.take(key);
                }
                Change::MoveListener(key, forward) => {
                    if let Some(listener) = self.listeners.get_mut(key) {
                        listener.forward = forward;
                    }
                }
                Change::SetAdmission(key, admission) => {
                    if let Some(listener) = self.listeners.get_mut(key) {
                        listener.admission = admission;
                    }
                }
                Change::SetLimits(key, limits) => self.set_limits(key, limits),
                Change::RemoveInterface(key) => self.remove_interface(key),
                Change::ResetTarget(target, end) => {
                    self.end_where(end, |session| Arc::ptr_eq(&session.chosen, &target));
                }
            }
        }
        self.finish_udp_changes();
    }

    fn remove_interface(&mut self, key: Key) {
        let Some(local) = self.interfaces.get_mut(key) else { return };
        if local.active > 0 {
            let interface = Arc::clone(&local.interface);
            self.end_handshakes(End::EndpointRemoved, |origin| {
                Arc::ptr_eq(&origin.interface, &interface)
            });
            self.end_where(End::EndpointRemoved, |session| {
                Arc::ptr_eq(&session.origin.interface, &interface)
            });
        }
        if let Some(mut local) = self.interfaces.take(key)
            && !local.tally.is_empty()
        {
            local.interface.metrics.flush(&mut local.tally);
        }
    }

    fn flush_if_due(&mut self) {
        if !self.dirty.is_empty() && self.now_ms >= self.flush_at_ms {
            self.flush();
        }
    }

    fn flush(&mut self) {
        for key in std::mem::take(&mut self.dirty) {
            if let Some(local) = self.interfaces.get_mut(key) {
                local.is_dirty = false;
                if !local.tally.is_empty() {
                    local.interface.metrics.flush(&mut local.tally);
                }
            }
        }
        let tools = &mut self.tools;
        self.metrics.copied.increment(std::mem::take(&mut tools.copied));
        self.metrics.spliced.increment(std::mem::take(&mut tools.spliced));
    }

    /// Takes a note in an interface's tally.
    fn tally(&mut self, key: Key, note: impl FnOnce(&mut Tally)) {
        let Some(local) = self.interfaces.get_mut(key) else { return };
        note(&mut local.tally);
        if !std::mem::replace(&mut local.is_dirty, true) {
            if self.dirty.is_empty() {
                let every = u64::try_from(FLUSH_EVERY.as_millis()).unwrap_or(u64::MAX);
                self.flush_at_ms = self.now_ms.saturating_add(every);
            }
            self.dirty.push(key);
        }
    }
}
