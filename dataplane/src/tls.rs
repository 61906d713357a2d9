//! TLS at both ends of a connection: clients' always on a TLS listener, targets' where their group
//! says so.
//!
//! Relies on rustls with the cryptography of ring, in the form that leaves buffers to the caller:
//! bytes pass through the worker's, so that an idle connection has none. [`certificate`] holds what
//! is presented, [`terminate`] and [`originate`] say how a handshake goes, [`channel`] turns
//! records into bytes and back, [`handshake`] and [`session`] drive one on sockets. The kernel
//! could take over the records of an open [`channel`]; here it does not. Does not know where keys
//! and certificates come from.

pub(crate) mod certificate;
mod channel;
pub(crate) mod failure;
pub(crate) mod handshake;
mod keepalive;
mod leg;
pub(crate) mod originate;
mod sealed;
pub(crate) mod session;
pub(crate) mod terminate;

use sealed::Sealed;

/// What the TLS connections of a worker share; it has no buffers before the first of them.
#[derive(Debug, Default)]
pub(crate) struct TlsTools {
    /// Bytes as they are received: records, or plain text.
    incoming: Vec<u8>,
    /// How many of them are plain text.
    raw: usize,
    /// Plain text that was in records.
    plain: Vec<u8>,
    /// Records to be sent.
    sealed: Sealed,
}

impl TlsTools {
    /// Forgets what was received before.
    fn clear(&mut self) {
        self.raw = 0;
        self.plain.clear();
        self.sealed.clear();
    }

    /// Room to receive so many bytes behind those that were kept.
    fn room(&mut self, kept: &[u8], bytes: usize) -> &mut [u8] {
        let needed = kept.len() + bytes;
        if self.incoming.len() < needed {
            self.incoming.resize(needed, 0);
        }
        self.incoming[..kept.len()].copy_from_slice(kept);
        &mut self.incoming[kept.len()..needed]
    }

    /// The plain text that was received.
    fn words(&self) -> &[u8] {
        if self.raw > 0 { &self.incoming[..self.raw] } else { &self.plain }
    }
}
