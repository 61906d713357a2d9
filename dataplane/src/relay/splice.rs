//! Moving bytes through pipes, without the copy to and from user space.
//!
//! Pipes come from a bounded pool, and a direction holds one only while bytes are in it. With no
//! pipe to be had, or on sockets that cannot be spliced, bytes are copied.

use std::os::fd::OwnedFd;

use rustix::{
    io::{Errno, retry_on_intr},
    pipe::{PipeFlags, SpliceFlags},
};

use super::{BULK_SPLICE_BYTES, Direction, Round, Side, Stalled, Step, Tools};

/// Empty pipes kept for the next round. More would only be needed by as many stalled flows.
const IDLE_PIPES_MAX: usize = 8;

/// Both ends of a pipe.
#[derive(Debug)]
pub(crate) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
}

/// The pipes of one worker.
#[derive(Debug)]
pub(crate) struct PipePool {
    idle: Vec<Pipe>,
    lent: usize,
    lent_max: usize,
}

impl PipePool {
    pub(crate) fn new(lent_max: usize) -> Self {
        Self { idle: Vec::new(), lent: 0, lent_max }
    }

    fn borrow(&mut self) -> Option<Pipe> {
        if self.lent >= self.lent_max {
            return None;
        }
        let pipe = self.idle.pop().or_else(|| {
            let (read, write) =
                rustix::pipe::pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).ok()?;
            Some(Pipe { read, write })
        })?;
        self.lent += 1;
        Some(pipe)
    }

    /// Takes an empty pipe back.
    fn put_back(&mut self, pipe: Pipe) {
        self.lent -= 1;
        if self.idle.len() < IDLE_PIPES_MAX {
            self.idle.push(pipe);
        }
    }

    /// Takes note that a pipe with bytes in it was closed.
    fn forget(&mut self) {
        self.lent -= 1;
    }
}

fn splice(from: &OwnedFd, to: &OwnedFd, bytes: usize) -> Result<usize, Errno> {
    let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
    retry_on_intr(|| rustix::pipe::splice(from, None, to, None, bytes, flags))
}

impl Direction {
    pub(super) fn splice_round(
        &mut self,
        from: &mut Side,
        to: &mut Side,
        tools: &mut Tools,
    ) -> Round {
        let Some(pipe) = tools.pipes.borrow() else { return self.copy_round(from, to, tools) };
        match splice(&from.socket, &pipe.write, tools.share.round_bytes) {
            Ok(0) => {
                tools.pipes.put_back(pipe);
                self.ended = true;
                Round::Stop(Step::Ended)
            }
            Ok(n) => {
                if n < BULK_SPLICE_BYTES {
                    self.bulk_reads = 0;
                }
                self.drain_pipe(pipe, n, to, tools)
            }
            Err(Errno::AGAIN) => {
                tools.pipes.put_back(pipe);
                from.ready.readable = false;
                Round::Stop(Step::Wait)
            }
            Err(Errno::INVAL | Errno::NOSYS) => {
                tools.pipes.put_back(pipe);
                self.copies_only = true;
                Round::Moved
            }
            Err(_) => {
                tools.pipes.put_back(pipe);
                Round::Stop(Step::SenderBroken)
            }
        }
    }

    /// Passes on a pipe's bytes. A short splice does not prove that the receiver is full, so it
    /// goes on until the receiver says so.
    pub(super) fn drain_pipe(
        &mut self,
        pipe: Pipe,
        bytes: usize,
        to: &mut Side,
        tools: &mut Tools,
    ) -> Round {
        let mut left = bytes;
        while left > 0 {
            match splice(&pipe.read, &to.socket, left) {
                Ok(n) if n > 0 => {
                    left -= n;
                    let moved = u64::try_from(n).unwrap_or(u64::MAX);
                    self.bytes += moved;
                    tools.spliced += moved;
                }
                Err(Errno::AGAIN) => {
                    to.ready.writable = false;
                    self.stalled = Some(Box::new(Stalled::Piped { pipe, bytes: left }));
                    return Round::Stop(Step::Wait);
                }
                Ok(_) | Err(_) => {
                    tools.pipes.forget();
                    return Round::Stop(Step::ReceiverBroken);
                }
            }
        }
        tools.pipes.put_back(pipe);
        Round::Moved
    }

    /// Gives back what the direction holds, at the end of its connection.
    pub(crate) fn close(&mut self, tools: &mut Tools) {
        if let Some(Stalled::Piped { .. }) = self.stalled.take().map(|stalled| *stalled) {
            tools.pipes.forget();
        }
    }
}
