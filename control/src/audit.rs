//! The audit log: one JSON line per API call, with CloudTrail's field names, refused calls too.
//!
//! A line is made on the request's task and written by a thread of its own, through a bounded
//! queue. When the queue is full, a call waits a moment, and then its line is counted as lost: the
//! API does not stop because a disk does. Relies on the file being ours alone. Does not know who
//! may call; `api` tells what happened.

mod file;
mod line;

use std::{
    io,
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
    time::Duration,
};

use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::metrics;
use file::Rotated;
pub(crate) use line::{Entry, ErrorForm, Parameters, TlsDetails};

/// Lines that may wait: at 500 calls a second a disk may stall for eight seconds before any call
/// waits. Lines are at most some 20 KiB, most are one.
const QUEUE_LINES_MAX: usize = 4096;
/// How long a call waits for room in the queue: less than a caller notices as a fault.
const ROOM_WAIT: Duration = Duration::from_millis(100);
/// Lines taken from the queue for one write.
const BATCH_LINES_MAX: usize = 256;

/// Where the log is written, and how much of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file; older ones are beside it as `file.1`, `file.2` and so on.
    pub file: PathBuf,
    /// The size at which a new file is begun.
    pub rotate_bytes: u64,
    /// How many older files are kept.
    pub keep: u32,
}

impl Config {
    /// A log in this file: 100 MiB a file, and ten older ones.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), rotate_bytes: 100 * 1024 * 1024, keep: 10 }
    }
}

/// Starting failed.
#[derive(Debug, Error)]
pub enum StartError {
    /// The file cannot be opened.
    #[error("open the audit log {}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The thread cannot be started.
    #[error("start the audit log's thread")]
    Thread(#[source] io::Error),
}

/// A handle on the log; clones share it.
#[derive(Clone, Debug)]
pub struct Audit(Option<mpsc::Sender<Message>>);

/// What waits in the queue.
#[derive(Debug)]
enum Message {
    Line(Vec<u8>),
    Stop { stopped: oneshot::Sender<()> },
}

impl Audit {
    /// No log: every line goes nowhere.
    pub fn off() -> Self {
        Self(None)
    }

    /// Opens the file and starts the thread that writes it.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        let open = |path: &Path| Rotated::open(path, config.rotate_bytes, config.keep);
        let file = open(&config.file)
            .map_err(|source| StartError::Open { path: config.file.clone(), source })?;
        let (lines, queue) = mpsc::channel(QUEUE_LINES_MAX);
        let _: JoinHandle<()> = thread::Builder::new()
            .name("audit".into())
            .spawn(move || write(file, queue))
            .map_err(StartError::Thread)?;
        Ok(Self(Some(lines)))
    }

    /// Whether lines go anywhere.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Has one entry written, sooner or later.
    pub(crate) async fn record(&self, entry: &Entry<'_>) {
        let Some(lines) = &self.0 else { return };
        let sent = lines.send(Message::Line(entry.line()));
        if !matches!(timeout(ROOM_WAIT, sent).await, Ok(Ok(()))) {
            metrics::audit_lost(1);
        }
    }

    /// Writes what waits, and returns when it is on the disk.
    pub async fn stop(&self) {
        let Some(lines) = &self.0 else { return };
        let (stopped, wait) = oneshot::channel();
        if lines.send(Message::Stop { stopped }).await.is_ok() {
            // An error means that the thread is gone, which is an end as well.
            let _ = wait.await;
        }
    }
}

/// The thread: writes batches of lines until it is told to stop or nobody can send any more.
fn write(mut file: Rotated, mut queue: mpsc::Receiver<Message>) {
    let mut batch = Vec::with_capacity(BATCH_LINES_MAX);
    let mut is_failing = false;
    while queue.blocking_recv_many(&mut batch, BATCH_LINES_MAX) > 0 {
        let mut stops = Vec::new();
        for message in batch.drain(..) {
            match message {
                Message::Line(line) => {
                    let written = file.append(&line);
                    note(&mut is_failing, written);
                }
                Message::Stop { stopped } => stops.push(stopped),
            }
        }
        if !stops.is_empty() {
            note(&mut is_failing, file.sync());
            for stopped in stops {
                // Whoever no longer waits need not hear it.
                let _ = stopped.send(());
            }
            return;
        }
    }
}

/// Counts a failure, and logs the first of several in a row.
fn note(is_failing: &mut bool, written: io::Result<()>) {
    match written {
        Ok(()) => *is_failing = false,
        Err(error) => {
            metrics::audit_lost(1);
            if !std::mem::replace(is_failing, true) {
                tracing::error!(%error, "write the audit log; lines are lost until it works again");
            }
        }
    }
}

#[cfg(test)]
mod tests;
