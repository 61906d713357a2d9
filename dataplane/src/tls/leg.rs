//! One socket of a TLS session: plain or in records, with what it has yet to take.
//!
//! Does not know the other socket.

use dataplane_core::proxy_header::Encoded;
use rustix::net::{Shutdown, shutdown};

use super::{
    TlsTools,
    channel::{Channel, Outputs},
    failure::Failure,
    sealed::Sealed,
};
use crate::relay::{ROUND_BYTES, Received, Side};

/// A socket's end of the session.
#[derive(Default)]
pub(crate) struct Leg {
    /// None if it is plain.
    pub(super) channel: Option<Box<Channel>>,
    unsent: Vec<u8>,
    sent: usize,
    is_shut: bool,
}

/// What came of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Everything.
    All,
    /// The socket is full; the rest waits.
    Some,
    /// The socket is broken.
    Broken,
}

/// What came of receiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Plain text, perhaps none, is in the tools.
    Words,
    /// The peer has said its last word; there may still be plain text before it.
    Last,
    /// The peer closed its half without a word that it was the last.
    Cut,
    /// Nothing is there.
    Nothing,
    /// The socket is broken.
    Broken,
    /// The records are not in order.
    Failed(Failure),
}

impl Leg {
    pub(super) fn ciphered(channel: Channel) -> Self {
        Self { channel: Some(Box::new(channel)), ..Self::default() }
    }

    /// Sends what waits.
    pub(super) fn flush(&mut self, side: &mut Side) -> Sent {
        if self.unsent.is_empty() {
            return Sent::All;
        }
        if !side.ready.writable {
            return Sent::Some;
        }
        match side.send(&self.unsent[self.sent..]) {
            Ok(sent) => {
                self.sent += sent;
                if self.sent < self.unsent.len() {
                    return Sent::Some;
                }
                // An idle connection keeps no buffer.
                (self.unsent, self.sent) = (Vec::new(), 0);
                Sent::All
            }
            Err(_) => Sent::Broken,
        }
    }

    /// Sends bytes as they are, after what waits.
    pub(super) fn send_raw(&mut self, side: &mut Side, bytes: &[u8]) -> Sent {
        if self.is_shut || bytes.is_empty() {
            return self.flush(side);
        }
        let mut rest = bytes;
        if self.unsent.is_empty() && side.ready.writable {
            match side.send(bytes) {
                Ok(sent) => rest = &bytes[sent..],
                Err(_) => return Sent::Broken,
            }
        }
        if rest.is_empty() {
            return Sent::All;
        }
        self.unsent.extend_from_slice(rest);
        self.flush(side)
    }

    /// Sends a header and what follows it in one call; half a header is none (semantics 2.4).
    pub(super) fn send_first(
        &mut self,
        side: &mut Side,
        header: Option<&Encoded>,
        rest: &[u8],
    ) -> Sent {
        let Some(header) = header else { return self.send_raw(side, rest) };
        let all = [&header[..], rest].concat();
        match side.send(&all) {
            Ok(sent) if sent < header.len() => Sent::Broken,
            Ok(sent) => self.send_raw(side, &all[sent..]),
            Err(_) => Sent::Broken,
        }
    }

    /// Sends the plain text that was received from the other socket.
    pub(super) fn send(&mut self, side: &mut Side, tools: &mut TlsTools) -> Result<Sent, Failure> {
        let Some(channel) = &mut self.channel else {
            return Ok(self.send_raw(side, tools.words()));
        };
        let mut sealed = std::mem::take(&mut tools.sealed);
        sealed.clear();
        let is_sealed = channel.seal(tools.words(), &mut sealed);
        let sent = is_sealed.map(|()| self.send_raw(side, &sealed));
        tools.sealed = sealed;
        sent
    }

    /// Says the last word: in a record, unless what it answers was cut off as well.
    pub(super) fn send_end(&mut self, side: &mut Side, was_cut: bool) -> Result<Sent, Failure> {
        let mut sealed = Sealed::default();
        if let Some(channel) = self.channel.as_mut().filter(|_| !was_cut) {
            channel.seal_end(&mut sealed)?;
        }
        Ok(self.send_raw(side, &sealed))
    }

    /// Closes our half, once everything was sent.
    pub(super) fn shut(&mut self, side: &Side) {
        if !std::mem::replace(&mut self.is_shut, true) {
            // Fails only when the peer has reset the connection, which its own event tells.
            let _ = shutdown(&side.socket, Shutdown::Write);
        }
    }

    /// Receives once; plain text is in the tools then. Answers of the protocol itself are sent.
    pub(super) fn receive(&mut self, side: &mut Side, tools: &mut TlsTools) -> Heard {
        tools.clear();
        let Some(channel) = &mut self.channel else {
            let (bytes, heard) = received(side, tools.room(&[], ROUND_BYTES), Heard::Last);
            tools.raw = bytes;
            return heard;
        };
        let kept = channel.give_back();
        let (bytes, heard) = received(side, tools.room(&kept, ROUND_BYTES), Heard::Cut);
        self.take(kept.len() + bytes, side, tools).unwrap_or(heard)
    }

    /// Takes so many bytes from the tools as what was received; tells what is in them, if that is
    /// more than words.
    pub(super) fn take(
        &mut self,
        bytes: usize,
        side: &mut Side,
        tools: &mut TlsTools,
    ) -> Option<Heard> {
        let channel = self.channel.as_mut()?;
        let TlsTools { incoming, plain, sealed, .. } = tools;
        let taken = channel.take(&mut incoming[..bytes], &mut Outputs { plain, sealed });
        let is_last = channel.has_peer_closed();
        if self.send_raw(side, sealed) == Sent::Broken {
            return Some(Heard::Broken);
        }
        match taken {
            Err(failure) => Some(Heard::Failed(failure)),
            Ok(()) => is_last.then_some(Heard::Last),
        }
    }

    /// Whether something waits to be sent.
    pub(super) fn is_stalled(&self) -> bool {
        !self.unsent.is_empty()
    }
}

/// Receives once, and tells how many bytes, or what the end of the stream means here.
fn received(side: &mut Side, room: &mut [u8], end: Heard) -> (usize, Heard) {
    match side.receive(room) {
        Received::Bytes(bytes) => (bytes, Heard::Words),
        Received::End => (0, end),
        Received::Nothing => (0, Heard::Nothing),
        Received::Broken => (0, Heard::Broken),
    }
}
