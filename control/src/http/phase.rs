//! What a connection waits for, and how long it may.
//!
//! hyper's own limit of a head's time runs from the end of the request before, so that it is the
//! limit of a kept-alive connection's rest as well. Here the two are apart: the stream tells when
//! the first byte of a head comes and the last of an answer goes, the service when a request begins
//! and ends.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
    time::sleep,
};

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first byte of all.
    New,
    /// The rest of a head.
    Head,
    /// A body, or what is asked for to be done. Both have limits of their own.
    Busy,
    /// The caller, to read the answer.
    Answer,
    /// The next request.
    Idle,
}

/// How long the phases may last.
#[derive(Clone, Copy, Debug)]
pub(super) struct PhaseLimits {
    /// A head; on a new connection, from its beginning.
    pub(super) head: Duration,
    pub(super) answer: Duration,
    pub(super) idle: Duration,
}

impl PhaseLimits {
    fn of(self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::New | Phase::Head => Some(self.head),
            Phase::Busy => None,
            Phase::Answer => Some(self.answer),
            Phase::Idle => Some(self.idle),
        }
    }
}

/// Says in which phase a connection is. Clones speak of the same one.
#[derive(Clone, Debug)]
pub(super) struct Phases(watch::Sender<Phase>);

impl Phases {
    /// Those of a connection that was just taken.
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Phase::New))
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.0.send_replace(phase);
    }

    /// Ends when a phase has lasted too long, and says which. Bytes that trickle do not lengthen
    /// it.
    pub(super) async fn overdue(&self, limits: PhaseLimits) -> Phase {
        let mut phases = self.0.subscribe();
        let mut phase = *phases.borrow_and_update();
        loop {
            let limit = limits.of(phase);
            let over = async {
                match limit {
                    Some(limit) => sleep(limit).await,
                    None => std::future::pending().await,
                }
            };
            let mut over = pin!(over);
            loop {
                tokio::select! {
                    () = &mut over => return *phases.borrow(),
                    // Its sender is `self`, so that it cannot be gone.
                    _ = phases.changed() => {}
                }
                let before = std::mem::replace(&mut phase, *phases.borrow_and_update());
                // The time of a first head runs since the connection was taken.
                if (before, phase) != (Phase::New, Phase::Head) {
                    break;
                }
            }
        }
    }

    fn bytes_came(&self) {
        self.change(&[Phase::New, Phase::Idle], Phase::Head);
    }

    fn all_was_written(&self) {
        self.change(&[Phase::Answer], Phase::Idle);
    }

    fn change(&self, from: &[Phase], to: Phase) {
        self.0.send_if_modified(|phase| {
            let changes = from.contains(phase);
            if changes {
                *phase = to;
            }
            changes
        });
    }
}

/// A stream that tells when bytes come, and when all are gone.
#[derive(Debug)]
pub(super) struct Told<S> {
    stream: S,
    phases: Phases,
}

impl<S> Told<S> {
    pub(super) fn new(stream: S, phases: Phases) -> Self {
        Self { stream, phases }
    }

    /// The stream, to say a last word.
    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Told<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.phases.bytes_came();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Told<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when it has nothing more to write.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if let Poll::Ready(Ok(())) = flushed {
            self.phases.all_was_written();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
