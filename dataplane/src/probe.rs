//! Health probes: TCP connections made and closed, on tokio, away from the traffic.
//!
//! A probe that cannot be made for want of our own resources says nothing of the target and has no
//! result. Does not know thresholds.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use dataplane_core::{health::ProbeResult, proxy_header};
use model::{HealthCheck, Target, TargetGroup};
use rustix::io::Errno;
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    runtime::Handle,
    sync::{Semaphore, mpsc},
    task::AbortHandle,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use crate::route;

/// Probes under way at the same time, each with a file descriptor.
pub(crate) const PROBES_MAX: usize = 256;
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
}

impl Settings {
    pub(crate) fn new(group: &TargetGroup, target: &Target) -> Self {
        let HealthCheck { port, interval, timeout, .. } = group.health_check;
        let port = port.map_or_else(|| target.addr.port(), std::num::NonZeroU16::get);
        Self {
            addr: SocketAddr::new(target.addr.ip(), port),
            interval: interval.max(INTERVAL_MIN),
            timeout,
            proxy_protocol: group.proxy_protocol_v2,
        }
    }
}

/// The result of one probe.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) target: Arc<route::Target>,
    pub(crate) result: ProbeResult,
}

/// Where probes run and report.
#[derive(Clone, Debug)]
pub(crate) struct Prober {
    pub(crate) runtime: Handle,
    pub(crate) outcomes: mpsc::Sender<Outcome>,
    pub(crate) permits: Arc<Semaphore>,
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
    /// Probes a target at once, and then at every interval.
    pub(crate) fn start(&self, target: Arc<route::Target>, settings: Settings) -> Probes {
        let prober = self.clone();
        let task = self.runtime.spawn(prober.probe(target, settings));
        Probes { task: task.abort_handle() }
    }

    async fn probe(self, target: Arc<route::Target>, settings: Settings) {
        if !self.report(&target, &settings).await {
            return;
        }
        // Targets registered together are not probed together for ever.
        sleep(settings.interval.mul_f64(fastrand::f64())).await;
        let mut ticks = interval(settings.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if !self.report(&target, &settings).await {
                return;
            }
        }
    }

    /// Probes once. Tells whether anyone still listens.
    async fn report(&self, target: &Arc<route::Target>, settings: &Settings) -> bool {
        let Ok(permit) = self.permits.acquire().await else { return false };
        let result = once(settings).await;
        drop(permit);
        match result {
            None => true,
            Some(result) => {
                let outcome = Outcome { target: Arc::clone(target), result };
                self.outcomes.send(outcome).await.is_ok()
            }
        }
    }
}

async fn once(settings: &Settings) -> Option<ProbeResult> {
    let probe = async {
        let mut stream = TcpStream::connect(settings.addr).await?;
        if settings.proxy_protocol {
            stream.write_all(&proxy_header::local()).await?;
        }
        Ok::<(), std::io::Error>(())
    };
    let Ok(done) = timeout(settings.timeout, probe).await else {
        return Some(ProbeResult::Timeout);
    };
    let Err(error) = done else { return Some(ProbeResult::Success) };
    let ours = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL];
    if Errno::from_io_error(&error).is_some_and(|errno| ours.contains(&errno)) {
        tracing::warn!(%error, target = %settings.addr, "probe a target");
        return None;
    }
    Some(ProbeResult::Failure)
}
