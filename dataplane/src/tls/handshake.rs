//! A handshake with a client, from its first byte to an agreement.
//!
//! Nothing is known of a target yet: one is chosen when the client has shown that it speaks TLS.
//! Does not know how long it may take, nor how many there are.

use rustls::{
    ProtocolVersion,
    server::{Acceptor, UnbufferedServerConnection},
};

use super::{
    TlsTools,
    channel::Channel,
    failure::Failure,
    leg::{Heard, Leg, Sent},
    terminate::{Terminator, take_named},
};
use crate::relay::{Received, Side};

/// Bytes read at once: a client's message has some 500, and 2,000 with hybrid key exchange.
const READ_BYTES: usize = 16 * 1024;
/// Reads per turn; a client that is to the point needs one.
const READS_MAX: u32 = 4;
/// The longest first message that is looked at for application protocols.
const HELLO_BYTES_MAX: usize = 18 * 1024;

/// A handshake in progress.
pub(crate) struct Handshake {
    /// What the client offers, while it is to be seen before anything is answered.
    offer: Option<Box<Offer>>,
    leg: Leg,
    server_name: Option<Box<str>>,
}

struct Offer {
    acceptor: Acceptor,
    bytes: Vec<u8>,
}

/// How far a handshake came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Until the client says more, or takes more.
    Wait,
    /// Its share of this turn is used up.
    Again,
    /// Both agree.
    Done,
    /// The client was told, if that was possible.
    Failed(Failure),
}

/// What both agreed upon.
pub(crate) struct Agreed {
    pub(crate) client: Leg,
    /// What the client said with its last message of the handshake.
    pub(crate) held: Vec<u8>,
    /// Whether that was its last word.
    pub(crate) is_last: bool,
    /// The host that it named.
    pub(crate) server_name: Option<Box<str>>,
}

impl Handshake {
    pub(crate) fn new(terminator: &Terminator) -> Result<Self, Failure> {
        if terminator.negotiates() {
            let offer = Offer { acceptor: Acceptor::default(), bytes: Vec::new() };
            return Ok(Self {
                offer: Some(Box::new(offer)),
                leg: Leg::default(),
                server_name: None,
            });
        }
        let leg = leg(terminator, std::iter::empty())?;
        Ok(Self { offer: None, leg, server_name: None })
    }

    /// Goes as far as it gets.
    pub(crate) fn advance(
        &mut self,
        client: &mut Side,
        terminator: &Terminator,
        tools: &mut TlsTools,
    ) -> Progress {
        if self.leg.flush(client) == Sent::Broken {
            return Progress::Failed(Failure::Closed);
        }
        for _ in 0..READS_MAX {
            if !client.ready.readable || self.leg.is_stalled() {
                return Progress::Wait;
            }
            let heard = match &mut self.offer {
                Some(_) => self.hear_offer(client, terminator, tools),
                None => self.leg.receive(client, tools),
            };
            if let Some(host) = take_named() {
                self.server_name = Some(host);
            }
            match heard {
                Heard::Words | Heard::Last if self.is_done() => return Progress::Done,
                Heard::Words => {}
                Heard::Nothing => return Progress::Wait,
                Heard::Last | Heard::Cut | Heard::Broken => {
                    return Progress::Failed(Failure::Closed);
                }
                Heard::Failed(failure) => return Progress::Failed(failure),
            }
        }
        Progress::Again
    }

    /// Receives a part of the client's first message, and goes on once it is whole.
    fn hear_offer(
        &mut self,
        client: &mut Side,
        terminator: &Terminator,
        tools: &mut TlsTools,
    ) -> Heard {
        let Some(offer) = &mut self.offer else { return Heard::Nothing };
        tools.clear();
        let room = tools.room(&[], READ_BYTES);
        let bytes = match client.receive(room) {
            Received::Bytes(bytes) => &room[..bytes],
            Received::End => return Heard::Cut,
            Received::Nothing => return Heard::Nothing,
            Received::Broken => return Heard::Broken,
        };
        offer.bytes.extend_from_slice(bytes);
        if offer.bytes.len() > HELLO_BYTES_MAX {
            return Heard::Failed(Failure::TooLong);
        }
        let mut unread = bytes;
        while !unread.is_empty() {
            // Reading from memory fails only if the acceptor has no room for more.
            if offer.acceptor.read_tls(&mut unread).is_err() {
                return Heard::Failed(Failure::TooLong);
            }
        }
        match offer.acceptor.accept() {
            Ok(None) => Heard::Words,
            Ok(Some(accepted)) => {
                let hello = accepted.client_hello();
                match leg(terminator, hello.alpn().into_iter().flatten()) {
                    Ok(leg) => self.leg = leg,
                    Err(failure) => return Heard::Failed(failure),
                }
                let bytes = self.offer.take().map_or_else(Vec::new, |offer| offer.bytes);
                tools.room(&bytes, 0);
                self.leg.take(bytes.len(), client, tools).unwrap_or(Heard::Words)
            }
            Err((error, mut alert)) => {
                let mut said = Vec::new();
                // Writing to memory cannot fail.
                let _ = alert.write_all(&mut said);
                self.leg.send_raw(client, &said);
                Heard::Failed(Failure::of(&error))
            }
        }
    }

    fn is_done(&self) -> bool {
        self.leg.channel.as_ref().is_some_and(|channel| !channel.is_shaking_hands())
    }

    /// What came of it; the tools are those of the last step.
    pub(crate) fn agreed(self, tools: &TlsTools) -> Agreed {
        let is_last = self.leg.channel.as_ref().is_some_and(|channel| channel.has_peer_closed());
        // A copy: the tools' own buffer is large, and stays the worker's.
        Agreed {
            client: self.leg,
            held: tools.plain.clone(),
            is_last,
            server_name: self.server_name,
        }
    }
}

/// What was agreed upon, for numbers and the access line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The protocol's version.
    pub(crate) version: Version,
    /// Whether an earlier session was taken up.
    pub(crate) is_resumed: bool,
    /// The host that the client named.
    pub(crate) server_name: Option<Box<str>>,
}

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 1.2.
    Tls12,
    /// 1.3.
    Tls13,
}

impl Version {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}

impl Terms {
    pub(super) fn of(channel: &Channel, server_name: Option<Box<str>>) -> Self {
        let is_tls12 = channel.version() == Some(ProtocolVersion::TLSv1_2);
        Self {
            version: if is_tls12 { Version::Tls12 } else { Version::Tls13 },
            is_resumed: channel.is_resumed(),
            server_name,
        }
    }
}

fn leg<'a>(
    terminator: &Terminator,
    offered: impl Iterator<Item = &'a [u8]>,
) -> Result<Leg, Failure> {
    let config = std::sync::Arc::clone(terminator.config_for(offered));
    let connection =
        UnbufferedServerConnection::new(config).map_err(|error| Failure::of(&error))?;
    Ok(Leg::ciphered(Channel::server(connection)))
}
