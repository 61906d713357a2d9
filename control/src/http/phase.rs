//! What a connection waits for, and how long it may.
//!
//! hyper's own limit of a head's time runs from the end of the request before, so that it is the
//! limit of a kept-alive connection's rest as well. Here the two are apart: the stream tells when
//! the first byte of a head comes, the service when a request begins and ends.

use std::{
    io,
    pin::Pin,
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
pub(super) enum Phase {
    /// The rest of a head; on a new connection, all of it.
    Head,
    /// A body, or an answer of ours. Both have limits of their own.
    Busy,
    /// The next request.
    Idle,
}

/// Says in which phase a connection is. Clones speak of the same one.
#[derive(Clone, Debug)]
pub(super) struct Phases(watch::Sender<Phase>);

impl Phases {
    /// Those of a connection that was just taken.
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Phase::Head))
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.0.send_replace(phase);
    }

    /// Ends when a phase has lasted too long. Bytes of a head that trickle in do not lengthen it.
    pub(super) async fn overdue(&self, head: Duration, idle: Duration) {
        let mut phase = self.0.subscribe();
        loop {
            let limit = match *phase.borrow_and_update() {
                Phase::Head => Some(head),
                Phase::Idle => Some(idle),
                Phase::Busy => None,
            };
            let over = async {
                match limit {
                    Some(limit) => sleep(limit).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => return,
                // Its sender is `self`, so that it cannot be gone.
                _ = phase.changed() => {}
            }
        }
    }

    fn bytes_came(&self) {
        self.0.send_if_modified(|phase| {
            let begins = *phase == Phase::Idle;
            if begins {
                *phase = Phase::Head;
            }
            begins
        });
    }
}

/// A stream that tells when bytes come.
#[derive(Debug)]
pub(super) struct Told<S> {
    stream: S,
    phases: Phases,
}

impl<S> Told<S> {
    pub(super) fn new(stream: S, phases: Phases) -> Self {
        Self { stream, phases }
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

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
