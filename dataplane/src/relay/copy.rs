//! Moving bytes through the worker's buffer.

use dataplane_core::proxy_header::Encoded;

use super::{BULK_READ_BYTES, Direction, Received, Round, Side, Stalled, Step, Tools};

impl Direction {
    /// Sends the header, with the bytes of the sender that are there already, in one call. Whoever
    /// speaks first, the header does not wait: the target may be the one.
    pub(crate) fn open(
        &mut self,
        header: &Encoded,
        from: &mut Side,
        to: &mut Side,
        tools: &mut Tools,
    ) -> Step {
        let (head, room) = tools.buffer.split_at_mut(header.len());
        head.copy_from_slice(header);
        let mut read = 0;
        if from.ready.readable {
            match from.receive(room) {
                Received::Bytes(n) => read = n,
                Received::End => self.ended = true,
                Received::Nothing => {}
                Received::Broken => return Step::SenderBroken,
            }
        }
        let all = header.len() + read;
        match to.send(&tools.buffer[..all]) {
            // A receiver that gets half a header hangs up (semantics 2.4); a new socket has room.
            Ok(sent) if sent < header.len() => Step::ReceiverBroken,
            Ok(sent) => {
                self.count_copied(sent - header.len(), tools);
                self.stall(&tools.buffer[sent..all]);
                Step::Wait
            }
            Err(_) => Step::ReceiverBroken,
        }
    }

    pub(super) fn copy_round(
        &mut self,
        from: &mut Side,
        to: &mut Side,
        tools: &mut Tools,
    ) -> Round {
        let read = match from.receive(&mut tools.buffer[..tools.share.round_bytes]) {
            Received::Bytes(n) => n,
            Received::End => {
                self.ended = true;
                return Round::Stop(Step::Ended);
            }
            Received::Nothing => return Round::Stop(Step::Wait),
            Received::Broken => return Round::Stop(Step::SenderBroken),
        };
        let is_bulk = read >= BULK_READ_BYTES;
        self.bulk_reads = if is_bulk { self.bulk_reads.saturating_add(1) } else { 0 };
        match to.send(&tools.buffer[..read]) {
            Ok(sent) => {
                self.count_copied(sent, tools);
                self.stall(&tools.buffer[sent..read]);
                Round::Moved
            }
            Err(_) => Round::Stop(Step::ReceiverBroken),
        }
    }

    /// Sends more of what was stalled.
    pub(super) fn send_rest(
        &mut self,
        bytes: Box<[u8]>,
        from: usize,
        to: &mut Side,
        tools: &mut Tools,
    ) -> Round {
        match to.send(&bytes[from..]) {
            Ok(sent) => {
                self.count_copied(sent, tools);
                let from = from + sent;
                if from == bytes.len() {
                    return Round::Moved;
                }
                self.stalled = Some(Box::new(Stalled::Bytes { bytes, from }));
                Round::Stop(Step::Wait)
            }
            Err(_) => Round::Stop(Step::ReceiverBroken),
        }
    }

    fn stall(&mut self, rest: &[u8]) {
        if !rest.is_empty() {
            self.stalled = Some(Box::new(Stalled::Bytes { bytes: rest.into(), from: 0 }));
        }
    }

    fn count_copied(&mut self, bytes: usize, tools: &mut Tools) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes += bytes;
        tools.copied += bytes;
    }
}
