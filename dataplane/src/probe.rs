//! Health probes: questions asked of targets, on tokio, away from the traffic.
//!
//! One probe at a time per target, at a phase of its own, so that 1,000 targets are not asked in
//! one moment, nor each in a moment of its own. A probe that cannot be made for want of our own
//! resources says nothing of the target and has no result. Does not know thresholds.

mod http;
mod tls;

use std::{
    io,
    net::SocketAddr,
    num::NonZeroU16,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use dataplane_core::{health::ProbeResult, phase, proxy_header};
use model::{HealthCheck, LoadBalancer, Question, Target, TargetGroup};
use rustix::io::Errno;
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    runtime::Handle,
    sync::{Semaphore, mpsc},
    task::AbortHandle,
    time::{Instant, MissedTickBehavior, interval_at, timeout},
};

use crate::{metrics, route};

use tls::TlsAsker;

/// Probes under way at the same time, each with a file descriptor: one per target of the largest
/// node designed for, so that dead targets, which take all of their timeout, hold up no others.
const PROBES_MAX: usize = 1024;
/// Results that wait to be taken; probes wait with them.
pub(crate) const RESULTS_MAX: usize = 1024;
/// Shorter intervals would turn a mistake in a file into a flood.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// How one target is probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    addr: SocketAddr,
    interval: Duration,
    timeout: Duration,
    proxy_protocol: bool,
    question: Question,
    /// The port of the `Host` field.
    listener_port: u16,
}

impl Settings {
    /// How a target of a group is probed that these load balancers forward to.
    pub(crate) fn new(group: &TargetGroup, target: &Target, users: &[&LoadBalancer]) -> Self {
        let HealthCheck { port, interval, timeout, ref question, .. } = group.health_check;
        let port = port.map_or_else(|| target.addr.port(), NonZeroU16::get);
        let listeners = users.iter().flat_map(|balancer| &balancer.listeners);
        let own = listeners.filter(|it| it.forward.iter().any(|to| to.group == group.id));
        let listener_port = own.map(|listener| listener.port.get()).min();
        Self {
            addr: SocketAddr::new(target.addr.ip(), port),
            interval: interval.max(INTERVAL_MIN),
            timeout,
            proxy_protocol: group.proxy_protocol_v2,
            question: question.clone(),
            listener_port: listener_port.unwrap_or(port),
        }
    }
}

/// What speaks for or against a target.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) target: Arc<route::Target>,
    pub(crate) evidence: Evidence,
}

/// What was seen of a target.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Evidence {
    /// How a probe ended.
    Probe(ProbeResult),
    /// As many clients' connections in a row failed as may.
    FailedConnections,
}

/// Where probes run and report.
#[derive(Clone, Debug)]
pub(crate) struct Prober {
    runtime: Handle,
    pub(crate) outcomes: mpsc::Sender<Outcome>,
    permits: Arc<Semaphore>,
    tls: TlsAsker,
    /// Since when phases are counted, and how many were given.
    epoch: Instant,
    phases: Arc<AtomicU32>,
}

/// A target's probes, which end when it is dropped.
#[derive(Debug)]
pub(crate) struct Probes {
    task: AbortHandle,
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Prober {
    /// Probes on this runtime.
    pub(crate) fn new(runtime: Handle, outcomes: mpsc::Sender<Outcome>) -> Self {
        Self {
            runtime,
            outcomes,
            permits: Arc::new(Semaphore::new(PROBES_MAX)),
            tls: TlsAsker::new(),
            epoch: Instant::now(),
            phases: Arc::default(),
        }
    }

    /// Probes a target at once, and then at every interval.
    pub(crate) fn start(&self, target: Arc<route::Target>, settings: Settings) -> Probes {
        let prober = self.clone();
        let task = self.runtime.spawn(prober.probe(target, settings));
        Probes { task: task.abort_handle() }
    }

    async fn probe(self, target: Arc<route::Target>, settings: Settings) {
        let mut last = None;
        if !self.report(&target, &settings, &mut last).await {
            return;
        }
        // Targets registered together are not probed together for ever.
        let (number, now) = (self.phases.fetch_add(1, Ordering::Relaxed), Instant::now());
        let wait = phase::until_next(number, settings.interval, now - self.epoch);
        let mut ticks = interval_at(now + wait, settings.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            if !self.report(&target, &settings, &mut last).await {
                return;
            }
        }
    }

    /// Probes once. Tells whether anyone still listens.
    ///
    /// A success after a success is told only of a target that is not healthy: of others it is no
    /// news, and nearly all there is. After a failure it is, whatever the target is by then.
    async fn report(
        &self,
        target: &Arc<route::Target>,
        settings: &Settings,
        last: &mut Option<ProbeResult>,
    ) -> bool {
        let Ok(permit) = self.permits.acquire().await else { return false };
        let result = self.once(settings).await;
        drop(permit);
        let Some(result) = result else { return true };
        metrics::count_probe(target.group, result);
        let before = last.replace(result);
        let is_success = result == ProbeResult::Success;
        if is_success && before == Some(ProbeResult::Success) && target.is_healthy() {
            return true;
        }
        let outcome = Outcome { target: Arc::clone(target), evidence: Evidence::Probe(result) };
        self.outcomes.send(outcome).await.is_ok()
    }

    async fn once(&self, settings: &Settings) -> Option<ProbeResult> {
        let Ok(asked) = timeout(settings.timeout, self.ask(settings)).await else {
            return Some(ProbeResult::Timeout);
        };
        let error = match asked {
            Ok(result) => return Some(result),
            Err(error) => error,
        };
        let ours = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL];
        if Errno::from_io_error(&error).is_some_and(|errno| ours.contains(&errno)) {
            tracing::warn!(%error, target = %settings.addr, "probe a target");
            return None;
        }
        Some(ProbeResult::Failure)
    }

    async fn ask(&self, settings: &Settings) -> io::Result<ProbeResult> {
        let mut stream = TcpStream::connect(settings.addr).await?;
        if settings.proxy_protocol {
            stream.write_all(&proxy_header::local()).await?;
        }
        match &settings.question {
            Question::Connect => Ok(ProbeResult::Success),
            Question::Http(question) => {
                let host = host(&stream, settings)?;
                http::ask(stream, question, host).await
            }
            Question::Https(question) => {
                let host = host(&stream, settings)?;
                http::ask(self.tls.connect(stream, settings.addr.ip()).await?, question, host).await
            }
        }
    }
}

/// Whom an HTTP probe is addressed to: the address it comes from, which stands for a load balancer
/// node's, and a listener's port (semantics 1.6).
fn host(stream: &TcpStream, settings: &Settings) -> io::Result<SocketAddr> {
    Ok(SocketAddr::new(stream.local_addr()?.ip(), settings.listener_port))
}
