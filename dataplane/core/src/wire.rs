//! The wires: what of a listener's protocol runs over which transport. Does not know sockets.

use model::Protocol;

/// A transport that a socket of ours listens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wire {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

impl Wire {
    /// Those that a listener of the protocol is on.
    pub fn of(protocol: Protocol) -> impl Iterator<Item = Self> {
        let tcp = protocol.is_over_tcp().then_some(Self::Tcp);
        tcp.into_iter().chain(protocol.is_over_udp().then_some(Self::Udp))
    }

    /// The protocol that has this wire alone, as rules for ports ask.
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Tcp => Protocol::Tcp,
            Self::Udp => Protocol::Udp,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_on_one_wire_or_on_both() {
        for (protocol, expected) in [
            (Protocol::Tcp, &[Wire::Tcp][..]),
            (Protocol::Tls, &[Wire::Tcp]),
            (Protocol::Udp, &[Wire::Udp]),
            (Protocol::TcpUdp, &[Wire::Tcp, Wire::Udp]),
        ] {
            assert_eq!(Wire::of(protocol).collect::<Vec<_>>(), expected, "{protocol:?}");
        }
        assert_eq!([Wire::Tcp, Wire::Udp].map(|it| Wire::of(it.protocol()).count()), [1, 1]);
    }
}
