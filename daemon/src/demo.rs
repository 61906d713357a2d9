//! Targets that the daemon runs itself, so that one command suffices to see something.
//!
//! They have a thread of their own: what they do cannot slow control. Does not know that the
//! gateway connects to them.

use std::thread;

use anyhow::Context;
use tokio::{runtime::Builder, sync::oneshot, task::JoinSet};

use crate::{
    config::DemoTarget,
    listen,
    target::{Behaviour, Target},
};

/// The running targets.
pub(crate) struct Demo {
    /// Its end ends them.
    _stop: oneshot::Sender<()>,
}

impl Demo {
    /// Binds the targets and starts them; with none there is no thread.
    pub(crate) fn start(targets: &[DemoTarget]) -> anyhow::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let mut bound = Vec::new();
        for target in targets {
            let DemoTarget { name, mode, listen } = target;
            let behaviour =
                Behaviour { name: name.as_str().into(), mode: *mode, source_bytes: None };
            let target = Target::bind(*listen, behaviour).map_err(|error| {
                listen::failed("a demonstration target (demo_targets)", *listen, error)
            })?;
            bound.push(target);
        }
        if !bound.is_empty() {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.context("start the demonstration targets")?;
            let serve = async move {
                let mut targets: JoinSet<_> = bound.into_iter().map(Target::serve).collect();
                tokio::select! {
                    _ = stopped => {}
                    _ = targets.join_next() => {}
                }
            };
            thread::Builder::new()
                .name("demo-targets".to_owned())
                .spawn(move || runtime.block_on(serve))
                .context("start the thread of the demonstration targets")?;
        }
        Ok(Self { _stop: stop })
    }

    /// Ends them.
    pub(crate) fn stop(self) {}
}
