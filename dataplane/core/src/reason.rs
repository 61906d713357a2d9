//! Why a connection was refused, and why it ended: closed lists, and the one name each has in
//! metrics, the access line and explanations.

use std::fmt;

/// Why a new connection was reset before it reached a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// No security group of the endpoint admits the client.
    SecurityGroup,
    /// The endpoint's groups admit the client, the load balancer's do not.
    LoadBalancerSecurityGroup,
    /// The listener forwards to nothing: no target group with a weight.
    NoTargetGroup,
    /// No registered target serves the zone.
    NoTarget,
    /// The endpoint has as many connections as it may.
    EndpointConnections,
    /// The endpoint gets new connections faster than it may.
    EndpointConnectionRate,
    /// This worker holds as many connections as it may.
    TooManyConnections,
    /// No source address has a port left for any of the targets tried.
    PortsExhausted,
    /// No file descriptor or memory for the connection to the target.
    ResourcesExhausted,
    /// The accept queue was cleared because no file descriptor was left.
    AcceptExhausted,
    /// A TLS listener of which no certificate is loaded.
    NoCertificate,
    /// Its TLS handshake was not over when newer ones needed the room.
    TooManyHandshakes,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::SecurityGroup,
        Self::LoadBalancerSecurityGroup,
        Self::NoTargetGroup,
        Self::NoTarget,
        Self::TooManyConnections,
        Self::ResourcesExhausted,
        Self::AcceptExhausted,
        Self::NoCertificate,
        Self::TooManyHandshakes,
        Self::EndpointConnections,
        Self::EndpointConnectionRate,
        Self::PortsExhausted,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecurityGroup => "security_group",
            Self::LoadBalancerSecurityGroup => "load_balancer_security_group",
            Self::NoTargetGroup => "no_target_group",
            Self::NoTarget => "no_target",
            Self::TooManyConnections => "too_many_connections",
            Self::ResourcesExhausted => "resources_exhausted",
            Self::AcceptExhausted => "accept_exhausted",
            Self::NoCertificate => "no_certificate",
            Self::TooManyHandshakes => "too_many_handshakes",
            Self::EndpointConnections => "endpoint_connections",
            Self::EndpointConnectionRate => "endpoint_connection_rate",
            Self::PortsExhausted => "ports_exhausted",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a UDP flow's datagram was not sent on: the endpoint had moved all the bytes that it may. The
/// flow goes on.
pub const ENDPOINT_BYTE_RATE: &str = "endpoint_byte_rate";

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Both sides closed their halves.
    Closed,
    /// The client reset it.
    ClientReset,
    /// The target reset it.
    TargetReset,
    /// No target took the connection: refused or unreachable.
    ConnectFailed,
    /// No target answered the connection request in time.
    ConnectTimeout,
    /// Nothing moved for the listener's idle timeout.
    IdleTimeout,
    /// The endpoint was rejected, deleted or lost this address.
    EndpointRemoved,
    /// The target turned unhealthy.
    TargetUnhealthy,
    /// The target's deregistration delay is over.
    TargetDeregistered,
    /// The data plane stopped before the connection ended.
    Shutdown,
    /// The client speaks no TLS that we do, or broke it.
    ClientTlsFailed,
    /// The client did not finish its TLS handshake in time.
    ClientTlsTimeout,
    /// The target speaks no TLS that we do, has a certificate that is not trusted, or broke it.
    TargetTlsFailed,
    /// A UDP flow's listener was removed, and with it the socket that its answers leave from.
    ListenerRemoved,
    /// A UDP flow's target takes no datagrams, as an ICMP message or the lack of a route said.
    TargetRefused,
    /// A UDP flow made room for another one.
    Evicted,
    /// It never began.
    Refused(Refusal),
}

impl End {
    /// How many there are, see [`End::index`].
    pub const COUNT: usize = 16 + Refusal::ALL.len();

    /// All of them, in the order of [`End::index`].
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Self::Closed,
            Self::ClientReset,
            Self::TargetReset,
            Self::ConnectFailed,
            Self::ConnectTimeout,
            Self::IdleTimeout,
            Self::EndpointRemoved,
            Self::TargetUnhealthy,
            Self::TargetDeregistered,
            Self::Shutdown,
            Self::ClientTlsFailed,
            Self::ClientTlsTimeout,
            Self::TargetTlsFailed,
            Self::ListenerRemoved,
            Self::TargetRefused,
            Self::Evicted,
        ]
        .into_iter()
        .chain(Refusal::ALL.map(Self::Refused))
    }

    /// Its place in a table.
    pub const fn index(self) -> usize {
        match self {
            Self::Closed => 0,
            Self::ClientReset => 1,
            Self::TargetReset => 2,
            Self::ConnectFailed => 3,
            Self::ConnectTimeout => 4,
            Self::IdleTimeout => 5,
            Self::EndpointRemoved => 6,
            Self::TargetUnhealthy => 7,
            Self::TargetDeregistered => 8,
            Self::Shutdown => 9,
            Self::ClientTlsFailed => 10,
            Self::ClientTlsTimeout => 11,
            Self::TargetTlsFailed => 12,
            Self::ListenerRemoved => 13,
            Self::TargetRefused => 14,
            Self::Evicted => 15,
            Self::Refused(Refusal::SecurityGroup) => 16,
            Self::Refused(Refusal::LoadBalancerSecurityGroup) => 17,
            Self::Refused(Refusal::NoTargetGroup) => 18,
            Self::Refused(Refusal::NoTarget) => 19,
            Self::Refused(Refusal::TooManyConnections) => 20,
            Self::Refused(Refusal::ResourcesExhausted) => 21,
            Self::Refused(Refusal::AcceptExhausted) => 22,
            Self::Refused(Refusal::NoCertificate) => 23,
            Self::Refused(Refusal::TooManyHandshakes) => 24,
            Self::Refused(Refusal::EndpointConnections) => 25,
            Self::Refused(Refusal::EndpointConnectionRate) => 26,
            Self::Refused(Refusal::PortsExhausted) => 27,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::ClientReset => "client_reset",
            Self::TargetReset => "target_reset",
            Self::ConnectFailed => "connect_failed",
            Self::ConnectTimeout => "connect_timeout",
            Self::IdleTimeout => "idle_timeout",
            Self::EndpointRemoved => "endpoint_removed",
            Self::TargetUnhealthy => "target_unhealthy",
            Self::TargetDeregistered => "target_deregistered",
            Self::Shutdown => "shutdown",
            Self::ClientTlsFailed => "client_tls_failed",
            Self::ClientTlsTimeout => "client_tls_timeout",
            Self::TargetTlsFailed => "target_tls_failed",
            Self::ListenerRemoved => "listener_removed",
            Self::TargetRefused => "target_refused",
            Self::Evicted => "evicted",
            Self::Refused(refusal) => refusal.name(),
        }
    }

    /// Who sent the reset that ended it; none for an orderly end.
    pub const fn reset_side(self) -> Option<ResetSide> {
        match self {
            // Who speaks no TLS is told so, and then the connection is closed.
            Self::Closed | Self::ClientTlsFailed => None,
            Self::ListenerRemoved | Self::TargetRefused | Self::Evicted => None,
            Self::ClientReset => Some(ResetSide::Client),
            Self::TargetReset => Some(ResetSide::Target),
            Self::ConnectFailed
            | Self::ConnectTimeout
            | Self::IdleTimeout
            | Self::EndpointRemoved
            | Self::TargetUnhealthy
            | Self::TargetDeregistered
            | Self::Shutdown
            | Self::ClientTlsTimeout
            | Self::TargetTlsFailed
            | Self::Refused(_) => Some(ResetSide::Postern),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who reset a connection (`TCP_Client_Reset_Count` and its siblings, semantics 1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResetSide {
    /// The client.
    Client,
    /// The target.
    Target,
    /// Neither: we did.
    Postern,
}

impl ResetSide {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Target => "target",
            Self::Postern => "postern",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_end_has_its_own_place_and_name() {
        let places: Vec<usize> = End::all().map(End::index).collect();
        assert_eq!(places, (0..End::COUNT).collect::<Vec<_>>());
        let names: BTreeSet<&str> = End::all().map(End::name).collect();
        assert_eq!(names.len(), End::COUNT);
    }
}
