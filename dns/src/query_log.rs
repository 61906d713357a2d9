//! The query log: one JSON line per answered question of chosen VPCs, with the field names of
//! Route 53 Resolver query logging where they mean something here.
//!
//! Whoever answers copies question and reply into a bounded queue, and goes on; a thread of its own
//! makes the lines and writes them. When the queue is full lines are lost and counted: DNS does not
//! wait for a disk. Does not know how questions are answered.

mod file;
mod line;

use std::{
    collections::{BTreeSet, HashMap},
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
};

use dns_core::Transport;
use metrics::Counter;
use model::{Generation, Snapshot, Timestamp, VpcId};
use tokio::sync::watch;

use self::file::Rotated;
use crate::metrics::query_log_lines;

/// Entries that may wait: a tenth of a second of what one core answers, some 4 MiB.
const WAITING_MAX: usize = 8192;
/// Bytes of lines that are written at a time.
const WRITE_LEN: usize = 64 << 10;

/// What is logged, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryLog {
    /// The file; older ones are beside it as `file.1`, `file.2` and so on.
    pub file: PathBuf,
    /// The size at which a new file is begun.
    pub rotate_bytes: u64,
    /// How many older files are kept.
    pub keep: u32,
    /// Whose questions are logged; those of all VPCs if none is named.
    pub vpcs: BTreeSet<VpcId>,
}

/// An answered question.
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) vpc: VpcId,
    pub(crate) peer: SocketAddr,
    pub(crate) transport: Transport,
    pub(crate) reply: Box<[u8]>,
}

/// Takes entries in.
pub(crate) struct Log {
    vpcs: BTreeSet<VpcId>,
    entries: SyncSender<Entry>,
    lost: Counter,
}

impl Log {
    /// Opens the file and starts the thread that writes it. It ends when nobody takes entries in
    /// any more, and all that were are written.
    pub(crate) fn start(
        config: &QueryLog,
        snapshots: watch::Receiver<Arc<Snapshot>>,
    ) -> io::Result<(Self, JoinHandle<()>)> {
        let file = Rotated::open(&config.file, config.rotate_bytes, config.keep)?;
        let (entries, queue) = sync_channel(WAITING_MAX);
        let [written, lost] = ["written", "lost"].map(query_log_lines);
        let writer = Writer { file, queue, snapshots, owners: Owners::default(), written };
        let lost_in_writing = lost.clone();
        let thread = thread::Builder::new()
            .name("dns-query-log".to_owned())
            .spawn(move || writer.run(&lost_in_writing))?;
        Ok((Self { vpcs: config.vpcs.clone(), entries, lost }, thread))
    }

    /// The VPC whose log an answer in its view is for, if it is for any.
    pub(crate) fn wants(&self, vpc: Option<VpcId>) -> Option<VpcId> {
        vpc.filter(|vpc| self.vpcs.is_empty() || self.vpcs.contains(vpc))
    }

    /// Takes an entry in, if there is room.
    pub(crate) fn take(&self, entry: Entry) {
        match self.entries.try_send(entry) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => self.lost.increment(1),
        }
    }
}

/// The thread.
struct Writer {
    file: Rotated,
    queue: Receiver<Entry>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    owners: Owners,
    written: Counter,
}

impl Writer {
    fn run(mut self, lost: &Counter) {
        let mut is_failing = false;
        let mut lines = String::new();
        while let Ok(first) = self.queue.recv() {
            let mut count = 0;
            let mut next = Some(first);
            while let Some(entry) = next {
                let snapshot = self.snapshots.borrow();
                let account = self.owners.of(entry.vpc, &snapshot);
                if let Some(line) = line::of(&entry, account, snapshot.region.as_str()) {
                    lines.push_str(&line);
                    lines.push('\n');
                    count += 1;
                }
                drop(snapshot);
                next = if lines.len() < WRITE_LEN { self.queue.try_recv().ok() } else { None };
            }
            match self.file.append(lines.as_bytes()) {
                Ok(()) => {
                    is_failing = false;
                    self.written.increment(count);
                }
                Err(error) => {
                    lost.increment(count);
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::error!(%error, "write the DNS query log; lines are lost");
                    }
                }
            }
            lines.clear();
        }
    }
}

/// Which account each VPC is of, as far as its endpoints tell.
#[derive(Default)]
struct Owners {
    generation: Option<Generation>,
    accounts: HashMap<VpcId, String>,
}

impl Owners {
    fn of(&mut self, vpc: VpcId, snapshot: &Snapshot) -> Option<&str> {
        if self.generation != Some(snapshot.generation) {
            let endpoints = snapshot.endpoints.values();
            self.accounts = endpoints.map(|it| (it.vpc, it.owner.to_string())).collect();
            self.generation = Some(snapshot.generation);
        }
        self.accounts.get(&vpc).map(String::as_str)
    }
}
