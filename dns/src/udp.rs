//! Threads that answer UDP: receive a batch, answer it from one catalog, send a batch.
//!
//! Each has a socket of its own, among which the kernel spreads clients (SO_REUSEPORT). Nothing is
//! allocated, locked or logged per question, but for those that others have to answer. Does not
//! know names.

use std::{
    io,
    net::Shutdown,
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use arc_swap::ArcSwap;
use dns_core::{Answer, Catalog, Cookie, Outcome, Transport, UDP_LEN_MAX, View};
use socket2::Socket;
use sys::datagram::{Batch, Datagram};
use tokio::sync::mpsc;

use crate::{
    hand_off::{Question, aliases_of},
    metrics::{self, Queries},
    responder::{Manner, Responder},
    server::StartError,
    viewpoint::Viewpoint,
};

/// Datagrams per system call: beyond this the share of the call's cost no longer falls.
const BATCH_LEN: u32 = 64;
/// Room for a question: more than an Ethernet frame brings. What is longer is cut and so malformed.
const QUESTION_LEN_MAX: usize = 1536;
/// How long a worker rests after an error that is not the peer's, such as the system being out of
/// memory, so that it does not spin on it.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// The threads that answer UDP. Dropping them makes them end.
pub(crate) struct Workers {
    stop: Arc<AtomicBool>,
    sockets: Vec<Arc<Socket>>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts a thread per socket.
    pub(crate) fn start(
        sockets: Vec<Socket>,
        (catalog, to_forward): (Arc<ArcSwap<Catalog>>, mpsc::Sender<Question>),
        (manner, queries): (&Arc<Manner>, &Queries),
        viewpoint: Viewpoint,
    ) -> Result<Self, StartError> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut workers = Self { stop, sockets: Vec::new(), threads: Vec::new() };
        for (index, socket) in sockets.into_iter().enumerate() {
            let socket = Arc::new(socket);
            let worker = Worker {
                stop: Arc::clone(&workers.stop),
                socket: Arc::clone(&socket),
                catalog: Arc::clone(&catalog),
                to_forward: to_forward.clone(),
                viewpoint,
                responder: Responder::new(Arc::clone(manner), Transport::Udp, queries.clone()),
                manner: Arc::clone(manner),
            };
            workers.sockets.push(socket);
            let thread = thread::Builder::new()
                .name(format!("dns-udp-{index}"))
                .spawn(move || worker.run())
                .map_err(StartError::Thread)?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// Makes the threads end and waits for them.
    pub(crate) fn join(mut self) {
        self.halt();
        for thread in std::mem::take(&mut self.threads) {
            if thread.join().is_err() {
                tracing::error!("a DNS thread panicked");
            }
        }
    }

    fn halt(&self) {
        self.stop.store(true, Ordering::Release);
        for socket in &self.sockets {
            // Wakes the thread that waits on the socket. For a socket without a peer Linux does so
            // and then says that it is not connected, which is no news.
            drop(socket.shutdown(Shutdown::Both));
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.halt();
    }
}

/// One thread.
struct Worker {
    stop: Arc<AtomicBool>,
    socket: Arc<Socket>,
    catalog: Arc<ArcSwap<Catalog>>,
    to_forward: mpsc::Sender<Question>,
    viewpoint: Viewpoint,
    responder: Responder,
    manner: Arc<Manner>,
}

impl Worker {
    fn run(mut self) {
        let lost = metrics::replies_lost();
        let mut batch = Batch::new(BATCH_LEN, QUESTION_LEN_MAX, UDP_LEN_MAX);
        while !self.stop.load(Ordering::Acquire) {
            let received = match batch.receive(self.socket.as_fd()) {
                Ok(received) => received,
                Err(error) => {
                    if error.kind() != io::ErrorKind::Interrupted {
                        tracing::warn!(%error, "receive DNS questions");
                        thread::sleep(ERROR_PAUSE);
                    }
                    continue;
                }
            };
            self.responder.begin();
            let catalog = self.catalog.load();
            batch.answer_each(|question, reply| {
                let view = self.viewpoint.view(&catalog, question.peer.ip());
                let Datagram { bytes, peer, .. } = question;
                let answer = self.responder.respond(view, bytes, peer, reply);
                if answer.outcome == Outcome::Forwarded && !self.hand_over(view, question, answer) {
                    lost.increment(1);
                }
                answer.len
            });
            drop(catalog);
            let unsent = batch.send(self.socket.as_fd());
            if unsent > 0 {
                lost.increment(unsent as u64);
            }
            self.responder.end();
            // Whoever else has work on this processor, the clients on a small machine among them,
            // goes first: more questions are there then, and a batch of them costs less. Measured
            // beside NSD: 10 to 15 % fewer processor seconds per answer at full load. A worker that
            // has rested before would only have the next client wait.
            if received > 1 || self.responder.is_busy() {
                thread::yield_now();
            }
        }
    }
}

impl Worker {
    /// Hands over a question that is not ours; whether there was room for it.
    fn hand_over(&self, view: &View, question: Datagram<'_>, answer: Answer) -> bool {
        let Some(plan) = view.forward_plan() else { return false };
        let Datagram { bytes, peer, local } = question;
        let is_proved = answer.cookie == Cookie::Proved;
        let is_limited = !is_proved && self.manner.is_limited(view, peer.ip());
        let (vpc, aliases) = (view.owner().vpc, aliases_of(view, bytes, answer));
        let (bytes, socket) = (bytes.to_vec(), Arc::clone(&self.socket));
        let question = Question { bytes, plan, vpc, aliases, peer, local, is_limited, socket };
        self.to_forward.try_send(question).is_ok()
    }
}
