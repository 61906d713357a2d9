//! The tokio runtimes. Traffic runs on threads of its own, which the data plane and DNS start; what
//! is here serves control, admin, health probes and demonstrations, and cannot slow traffic.

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};

/// Threads for control and admin: one may wait for the disk while the other answers.
const CONTROL_THREADS: usize = 2;
/// Threads that wait for the disk: the store has one writer, the rest is rare.
const BLOCKING_THREADS_MAX: usize = 4;

/// The runtime of control, admin, probes and DNS over TCP.
pub(crate) fn control() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name("control")
        .enable_all()
        .build()
        .context("start the control threads")
}

/// A runtime with one thread per core.
pub(crate) fn per_core(name: &str) -> anyhow::Result<Runtime> {
    Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .thread_name(name)
        .enable_all()
        .build()
        .with_context(|| format!("start the {name} threads"))
}

/// Takes as many file descriptors as the system grants without asking anybody: a connection needs
/// two, and the usual soft limit of 1024 is for programs that use `select`.
pub(crate) fn raise_descriptor_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, ?current, "cannot raise the limit of open files");
    }
}
