//! Signals: SIGHUP asks to read files again. Of those to stop, the first asks to drain, the second
//! ends the process at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask the process to stop.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Starts to catch Ctrl-C (SIGINT) and SIGTERM.
    pub(crate) fn catch() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one of them and says which it was.
    pub(crate) async fn asked(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// The signal that asks to read files again.
pub(crate) struct Hangup(Signal);

impl Hangup {
    /// Starts to catch SIGHUP, which would otherwise end the process.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for one. Several that came together are one.
    pub(crate) async fn asked(&mut self) {
        self.0.recv().await;
    }
}
