//! Logs: lines for people on a terminal, JSON objects otherwise, always on standard error.
//!
//! Each connection's one line has the target `access`, so that `info,access=off` silences these
//! alone. A thread of its own writes: whoever logs, traffic above all, never waits for a reader of
//! the log. Does not know what is logged.

use std::io::IsTerminal;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt::time::SystemTime, util::SubscriberInitExt};

use crate::config::{Log, LogFormat};

/// Whether the text is a filter that [`start`] understands.
pub(crate) fn is_filter(text: &str) -> bool {
    EnvFilter::try_new(text).is_ok()
}

/// Lines that wait for the writer, about 16 MiB of access lines. Beyond them, lines are lost rather
/// than connections held up.
const LINES_WAITING_MAX: usize = 32_768;

/// Starts to log; once per process. What still waits is written when the guard is dropped.
#[must_use = "dropping the guard ends the log"]
pub(crate) fn start(log: &Log) -> WorkerGuard {
    let filter = EnvFilter::new(&log.level);
    let terminal = std::io::stderr().is_terminal();
    let human = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_timer(SystemTime);
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES_WAITING_MAX)
        .thread_name("log")
        .finish(std::io::stderr());
    let lines = lines.with_writer(writer).with_ansi(terminal);
    let started = if human {
        lines.finish().try_init()
    } else {
        // An event's own fields stay apart: the access line has a `target`, as every line has.
        lines.json().finish().try_init()
    };
    // A second start keeps the first; only tests in one process see this.
    drop(started);
    guard
}
