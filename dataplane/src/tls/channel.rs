//! One end of a TLS connection as bytes: records in, plain text out, and back.
//!
//! Of what was received it keeps only what is no whole record yet, or no whole handshake message;
//! everything else is the caller's. Does not know sockets, nor when to read or to write.

use rustls::{
    ProtocolVersion,
    client::UnbufferedClientConnection,
    server::UnbufferedServerConnection,
    unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus},
};

use super::{failure::Failure, sealed::Sealed};

/// The longest record: its head, its content, and what ciphers add (RFC 8446 5.2, RFC 5246 6.2.3).
const RECORD_BYTES_MAX: usize = 5 + 16 * 1024 + 2048;
/// What a client may leave unfinished: one record. No client's first message needs more.
const CLIENT_PARTIAL_BYTES_MAX: usize = RECORD_BYTES_MAX;
/// What a target may: its chain of certificates may take several records. What rustls takes.
const TARGET_PARTIAL_BYTES_MAX: usize = 64 * 1024 + RECORD_BYTES_MAX;
/// Content of one record as it is sent.
const FRAGMENT_BYTES: usize = 16 * 1024;
/// What a record adds to its content: head, nonce, content type and tag, with room.
const RECORD_OVERHEAD_BYTES: usize = 64;

/// Either end of a connection.
pub(crate) enum Channel {
    /// Ours is the server's: a client is at the other.
    Server(End<UnbufferedServerConnection>),
    /// Ours is the client's: a target is at the other.
    Client(End<UnbufferedClientConnection>),
}

/// A connection and what it has yet to take.
pub(crate) struct End<C> {
    connection: C,
    partial: Vec<u8>,
    has_peer_closed: bool,
    /// After a failure rustls is not asked again: it counts on that, and panics.
    has_failed: Option<Failure>,
}

/// Where plain text and records go.
pub(crate) struct Outputs<'a> {
    pub(crate) plain: &'a mut Vec<u8>,
    pub(crate) sealed: &'a mut Sealed,
}

impl Channel {
    /// A client's connection.
    pub(crate) fn server(connection: UnbufferedServerConnection) -> Self {
        Self::Server(End::new(connection))
    }

    /// A connection to a target.
    pub(crate) fn client(connection: UnbufferedClientConnection) -> Self {
        Self::Client(End::new(connection))
    }

    /// Takes received bytes, of which the first ones are what [`Channel::give_back`] has given.
    /// After a failure there may be records to be sent, which tell the peer.
    pub(crate) fn take(
        &mut self,
        incoming: &mut [u8],
        outputs: &mut Outputs<'_>,
    ) -> Result<(), Failure> {
        match self {
            Self::Server(end) => end.take(incoming, outputs, CLIENT_PARTIAL_BYTES_MAX),
            Self::Client(end) => end.take(incoming, outputs, TARGET_PARTIAL_BYTES_MAX),
        }
    }

    /// Gives back what is left of earlier bytes, to be put in front of the next.
    pub(crate) fn give_back(&mut self) -> Vec<u8> {
        match self {
            Self::Server(end) => std::mem::take(&mut end.partial),
            Self::Client(end) => std::mem::take(&mut end.partial),
        }
    }

    /// Turns plain text into records.
    pub(crate) fn seal(&mut self, plain: &[u8], sealed: &mut Sealed) -> Result<(), Failure> {
        match self {
            Self::Server(end) => end.write(Words::Plain(plain), sealed),
            Self::Client(end) => end.write(Words::Plain(plain), sealed),
        }
    }

    /// Tells the peer that nothing more will come.
    pub(crate) fn seal_end(&mut self, sealed: &mut Sealed) -> Result<(), Failure> {
        match self {
            Self::Server(end) => end.write(Words::Close, sealed),
            Self::Client(end) => end.write(Words::Close, sealed),
        }
    }

    /// Whether the handshake is not over.
    pub(crate) fn is_shaking_hands(&self) -> bool {
        match self {
            Self::Server(end) => end.connection.is_handshaking(),
            Self::Client(end) => end.connection.is_handshaking(),
        }
    }

    /// Whether the peer has said that nothing more will come.
    pub(crate) fn has_peer_closed(&self) -> bool {
        match self {
            Self::Server(end) => end.has_peer_closed,
            Self::Client(end) => end.has_peer_closed,
        }
    }

    /// The application protocol that was agreed upon.
    pub(crate) fn protocol(&self) -> Option<&[u8]> {
        match self {
            Self::Server(end) => end.connection.alpn_protocol(),
            Self::Client(end) => end.connection.alpn_protocol(),
        }
    }

    /// The version that was agreed upon.
    pub(crate) fn version(&self) -> Option<ProtocolVersion> {
        match self {
            Self::Server(end) => end.connection.protocol_version(),
            Self::Client(end) => end.connection.protocol_version(),
        }
    }

    /// Whether the handshake took up an earlier session.
    pub(crate) fn is_resumed(&self) -> bool {
        let kind = match self {
            Self::Server(end) => end.connection.handshake_kind(),
            Self::Client(end) => end.connection.handshake_kind(),
        };
        kind == Some(rustls::HandshakeKind::Resumed)
    }
}

/// What rustls calls the same on both ends.
pub(super) trait Records {
    type Data;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data>;

    /// Whether it has something to say of its own.
    fn has_words(&self) -> bool;
}

impl Records for UnbufferedServerConnection {
    type Data = rustls::server::ServerConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn has_words(&self) -> bool {
        self.wants_write()
    }
}

impl Records for UnbufferedClientConnection {
    type Data = rustls::client::ClientConnectionData;

    fn process<'c, 'i>(
        &'c mut self,
        incoming: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(incoming)
    }

    fn has_words(&self) -> bool {
        self.wants_write()
    }
}

/// What is to be written.
#[derive(Clone, Copy)]
enum Words<'a> {
    Plain(&'a [u8]),
    Close,
}

impl<C: Records> End<C> {
    fn new(connection: C) -> Self {
        Self { connection, partial: Vec::new(), has_peer_closed: false, has_failed: None }
    }

    fn take(
        &mut self,
        incoming: &mut [u8],
        outputs: &mut Outputs<'_>,
        partial_max: usize,
    ) -> Result<(), Failure> {
        self.unless_failed(|end| end.take_records(incoming, outputs, partial_max))
    }

    fn write(&mut self, words: Words<'_>, sealed: &mut Sealed) -> Result<(), Failure> {
        self.unless_failed(|end| end.write_records(words, sealed))
    }

    fn unless_failed(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if let Some(failure) = self.has_failed {
            return Err(failure);
        }
        let done = act(self);
        self.has_failed = done.err();
        done
    }

    fn take_records(
        &mut self,
        incoming: &mut [u8],
        outputs: &mut Outputs<'_>,
        partial_max: usize,
    ) -> Result<(), Failure> {
        let mut used = 0;
        let ended = loop {
            let UnbufferedStatus { discard, state } =
                self.connection.process(&mut incoming[used..]);
            used += discard;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(|error| Failure::of(&error))?;
                        used += record.discard;
                        outputs.plain.extend_from_slice(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(outputs.sealed, |room| data.encode(room))?;
                }
                // Sent before anything else of this end, as it was appended before.
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.has_peer_closed = true,
                Ok(
                    ConnectionState::BlockedHandshake
                    | ConnectionState::WriteTraffic(_)
                    | ConnectionState::Closed,
                ) => break Ok(()),
                Ok(_) => break Err(Failure::Protocol),
                Err(error) => break Err(Failure::of(&error)),
            }
        };
        if ended.is_err() {
            self.collect_alerts(&mut incoming[used..], outputs.sealed)?;
            return ended;
        }
        // What follows the peer's last word is nobody's.
        if used < incoming.len() && !self.has_peer_closed {
            if incoming.len() - used > partial_max {
                return Err(Failure::TooLong);
            }
            self.partial = incoming[used..].to_vec();
        }
        Ok(())
    }

    /// After a failure: what tells the peer.
    fn collect_alerts(&mut self, rest: &mut [u8], sealed: &mut Sealed) -> Result<(), Failure> {
        while self.connection.has_words() {
            let Ok(ConnectionState::EncodeTlsData(mut data)) = self.connection.process(rest).state
            else {
                break;
            };
            encode(sealed, |room| data.encode(room))?;
        }
        Ok(())
    }

    /// Writes words, after what the connection itself has to say.
    fn write_records(&mut self, words: Words<'_>, sealed: &mut Sealed) -> Result<(), Failure> {
        loop {
            // An unfinished message is shown again each time: rustls counts on where it lies.
            let UnbufferedStatus { discard, state } = self.connection.process(&mut self.partial);
            let is_written = match state {
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(sealed, |room| data.encode(room))?;
                    false
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    data.done();
                    false
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.has_peer_closed = true;
                    false
                }
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    match words {
                        Words::Plain(plain) => {
                            let records = plain.len().div_ceil(FRAGMENT_BYTES);
                            let bytes = plain.len() + records * RECORD_OVERHEAD_BYTES;
                            encrypt(sealed, bytes, |room| traffic.encrypt(plain, room))?;
                        }
                        Words::Close => encrypt(sealed, RECORD_OVERHEAD_BYTES, |room| {
                            traffic.queue_close_notify(room)
                        })?,
                    }
                    true
                }
                // Both ends have said their last word.
                Ok(ConnectionState::Closed) => true,
                Ok(_) => return Err(Failure::Protocol),
                Err(error) => return Err(Failure::of(&error)),
            };
            self.partial.drain(..discard);
            if is_written {
                return Ok(());
            }
        }
    }
}

/// Appends a record whose length is told by a first, vain attempt.
fn encode(
    sealed: &mut Sealed,
    mut into: impl FnMut(&mut [u8]) -> Result<usize, EncodeError>,
) -> Result<(), Failure> {
    let written = match into(&mut []) {
        Err(EncodeError::InsufficientSize(needs)) => into(sealed.room(needs.required_size)),
        other => other,
    };
    sealed.take(written.map_err(|_| Failure::Protocol)?);
    Ok(())
}

/// Appends records of at most so many bytes.
fn encrypt(
    sealed: &mut Sealed,
    bytes_max: usize,
    into: impl FnOnce(&mut [u8]) -> Result<usize, EncryptError>,
) -> Result<(), Failure> {
    let written = into(sealed.room(bytes_max));
    sealed.take(written.map_err(|_| Failure::Protocol)?);
    Ok(())
}
