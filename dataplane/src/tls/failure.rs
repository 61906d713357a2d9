//! Why two did not agree on TLS: a closed list, and the name each has in metrics and the access
//! line.

use rustls::{AlertDescription, Error, PeerIncompatible};

/// Why a TLS handshake failed, or an agreed connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The peer closed or reset the connection before the handshake was over.
    Closed,
    /// The peer took too long.
    Timeout,
    /// What the peer said is no TLS.
    NotTls,
    /// No version of the protocol in common.
    Version,
    /// No cipher suite, group or signature scheme in common.
    Parameters,
    /// No application protocol in common.
    ApplicationProtocol,
    /// We have no certificate for the peer.
    NoCertificate,
    /// The peer does not trust our certificate.
    OurCertificateRefused,
    /// We do not trust the peer's certificate.
    PeerCertificateRefused,
    /// The peer said another alert.
    Alert,
    /// A message is longer than any that is needed.
    TooLong,
    /// The peer broke the protocol, or a record was changed on its way.
    Protocol,
    /// Newer handshakes needed the room.
    MadeRoom,
}

impl Failure {
    /// How many there are.
    pub(crate) const COUNT: usize = 13;

    /// Its place in a table.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Closed => 0,
            Self::Timeout => 1,
            Self::NotTls => 2,
            Self::Version => 3,
            Self::Parameters => 4,
            Self::ApplicationProtocol => 5,
            Self::NoCertificate => 6,
            Self::OurCertificateRefused => 7,
            Self::PeerCertificateRefused => 8,
            Self::Alert => 9,
            Self::TooLong => 10,
            Self::Protocol => 11,
            Self::MadeRoom => 12,
        }
    }

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::NotTls => "not_tls",
            Self::Version => "version",
            Self::Parameters => "parameters",
            Self::ApplicationProtocol => "application_protocol",
            Self::NoCertificate => "no_certificate",
            Self::OurCertificateRefused => "our_certificate_refused",
            Self::PeerCertificateRefused => "peer_certificate_refused",
            Self::Alert => "alert",
            Self::TooLong => "too_long",
            Self::Protocol => "protocol",
            Self::MadeRoom => "too_many_handshakes",
        }
    }

    /// What rustls says, in the words of the list.
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::InvalidMessage(_) => Self::NotTls,
            Error::PeerIncompatible(incompatible) => of_incompatible(incompatible),
            Error::NoApplicationProtocol => Self::ApplicationProtocol,
            Error::InvalidCertificate(_)
            | Error::InvalidCertRevocationList(_)
            | Error::UnsupportedNameType
            | Error::NoCertificatesPresented => Self::PeerCertificateRefused,
            Error::AlertReceived(alert) => of_alert(*alert),
            Error::General(why) if why == NO_CERTIFICATE => Self::NoCertificate,
            _ => Self::Protocol,
        }
    }
}

/// What rustls says when there is no certificate to present.
const NO_CERTIFICATE: &str = "no server certificate chain resolved";

fn of_incompatible(incompatible: &PeerIncompatible) -> Failure {
    match incompatible {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        // What versions before 1.2 had none of.
        | PeerIncompatible::SignatureAlgorithmsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::Tls13RequiredForQuic => Failure::Version,
        _ => Failure::Parameters,
    }
}

fn of_alert(alert: AlertDescription) -> Failure {
    match alert {
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA => Failure::OurCertificateRefused,
        AlertDescription::ProtocolVersion => Failure::Version,
        AlertDescription::HandshakeFailure => Failure::Parameters,
        AlertDescription::NoApplicationProtocol => Failure::ApplicationProtocol,
        AlertDescription::CloseNotify => Failure::Closed,
        _ => Failure::Alert,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ALL: [Failure; Failure::COUNT] = [
        Failure::Closed,
        Failure::Timeout,
        Failure::NotTls,
        Failure::Version,
        Failure::Parameters,
        Failure::ApplicationProtocol,
        Failure::NoCertificate,
        Failure::OurCertificateRefused,
        Failure::PeerCertificateRefused,
        Failure::Alert,
        Failure::TooLong,
        Failure::Protocol,
        Failure::MadeRoom,
    ];

    #[test]
    fn each_failure_has_its_own_place_and_name() {
        let places: Vec<usize> = ALL.iter().map(|it| it.index()).collect();
        assert_eq!(places, (0..Failure::COUNT).collect::<Vec<_>>());
        let names: BTreeSet<&str> = ALL.iter().map(|it| it.name()).collect();
        assert_eq!(names.len(), Failure::COUNT);
    }
}
