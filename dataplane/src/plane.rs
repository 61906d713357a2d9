//! `Plane`: starts the threads, feeds them, stops them.

use std::{
    fmt, io,
    net::IpAddr,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Instant,
};

use model::{Clock, Health, Snapshot};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
    task::{AbortHandle, spawn_blocking},
    time::timeout,
};

use crate::{
    Config, IdleEnd,
    director::{self, Inputs},
    metrics,
    probe::{Prober, RESULTS_MAX},
    route::Message,
    session, source,
    worker::{self, Mailbox},
};

/// Why a data plane could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The machine does not have an address that connections to targets are to come from.
    #[error("use source address {address}")]
    SourceAddress {
        /// Which one.
        address: IpAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A worker's poll, waker, reserve descriptor or thread could not be made.
    #[error("set up worker {worker}")]
    Worker {
        /// Which one.
        worker: usize,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A running data plane. Dropping it resets all connections; [`Plane::drain`] lets them end.
pub struct Plane {
    clock: Arc<dyn Clock>,
    workers: Vec<Running>,
    director: AbortHandle,
    idle_end: IdleEnd,
}

/// A worker's thread.
#[derive(Debug)]
struct Running {
    mailbox: Mailbox,
    stopped: oneshot::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Plane {
    /// Starts the workers and serves what the snapshots say, reporting what is alive.
    ///
    /// # Errors
    ///
    /// The system does not give the threads what they need.
    pub fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        health: watch::Sender<Arc<Health>>,
        runtime: Handle,
    ) -> Result<Self, StartError> {
        metrics::describe();
        let mut config = config.bounded();
        for &address in &config.source_addresses {
            let checked = source::check(address);
            checked.map_err(|source| StartError::SourceAddress { address, source })?;
        }
        if config.idle_end == IdleEnd::Silent && !session::can_forget() {
            config.idle_end = IdleEnd::Reset;
        }
        let idle_end = config.idle_end;
        let epoch = clock.monotonic();
        let mut workers = Vec::new();
        for worker in 0..config.workers.get() {
            let running = start_worker(worker, &config, (&clock, epoch));
            workers.push(running.map_err(|source| StartError::Worker { worker, source })?);
        }
        let (sender, outcomes) = mpsc::channel(RESULTS_MAX);
        let inputs = Inputs {
            config,
            clock: Arc::clone(&clock),
            mailboxes: workers.iter().map(|running| running.mailbox.clone()).collect(),
            snapshots,
            health,
            prober: Prober::new(runtime.clone(), sender),
            outcomes,
        };
        let director = runtime.spawn(director::run(inputs)).abort_handle();
        Ok(Self { clock, workers, director, idle_end })
    }

    /// What peers see when a connection was idle for too long: what was asked for, as far as the
    /// process may do it.
    pub fn idle_end(&self) -> IdleEnd {
        self.idle_end
    }

    /// Stops accepting, lets connections end until the deadline (on the clock's monotonic reading),
    /// resets the rest and joins the threads.
    pub async fn drain(mut self, deadline: Instant) {
        self.director.abort();
        self.tell(|| Message::Drain).await;
        for running in &mut self.workers {
            let left = deadline.saturating_duration_since(self.clock.monotonic());
            // Either the worker has stopped, or its time is up and it is told to.
            let _ = timeout(left, &mut running.stopped).await;
        }
        self.tell(|| Message::Stop).await;
        let mut threads: Vec<_> =
            self.workers.iter_mut().filter_map(|running| running.thread.take()).collect();
        let joined = spawn_blocking(move || threads.drain(..).for_each(join));
        if let Err(error) = joined.await {
            tracing::error!(%error, "join the workers");
        }
    }

    /// Sends all workers a message, on a thread that may wait for a full queue.
    async fn tell(&self, message: impl Fn() -> Message + Send + 'static) {
        let mailboxes: Vec<_> = self.workers.iter().map(|r| r.mailbox.clone()).collect();
        let told = spawn_blocking(move || mailboxes.iter().for_each(|m| m.send(message())));
        if let Err(error) = told.await {
            tracing::error!(%error, "tell the workers to stop");
        }
    }
}

impl fmt::Debug for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plane").field("workers", &self.workers).finish_non_exhaustive()
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        self.director.abort();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.mailbox.send(Message::Stop);
            join(thread);
        }
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a worker panicked");
    }
}

fn start_worker(
    number: usize,
    config: &Config,
    (clock, epoch): (&Arc<dyn Clock>, Instant),
) -> io::Result<Running> {
    let (mailbox, parts, stopped) = worker::prepare(config, clock, epoch)?;
    let thread = thread::Builder::new()
        .name(format!("postern-data-{number}"))
        .spawn(move || worker::run(parts))?;
    Ok(Running { mailbox, stopped, thread: Some(thread) })
}
