//! How TLS towards targets goes: one configuration for all of them.
//!
//! As on a Network Load Balancer a target's certificate is not looked at, unless the operator gives
//! authorities: then it must be one of theirs and for the target's name. Does not know sockets.

use std::sync::Arc;

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// Names whose sessions are remembered, so that the next connection to a target resumes one.
const REMEMBERED_MAX: usize = 1024;
/// What may be agreed upon with a client, and then is with the target.
const PROTOCOLS: [&[u8]; 3] = [b"h2", b"http/1.1", b"http/1.0"];

/// What an operator may choose about TLS towards targets.
#[derive(Clone, Debug, Default)]
pub struct TargetTls {
    /// The authorities whose certificates targets must have; none takes any certificate.
    pub authorities: Option<Arc<RootCertStore>>,
    /// The name that targets are asked for, and that their certificates must be for; none is the
    /// target's address, which is not sent.
    pub server_name: Option<ServerName<'static>>,
}

/// How handshakes with targets go.
#[derive(Debug)]
pub(crate) struct Originator {
    server_name: Option<ServerName<'static>>,
    plain: Arc<ClientConfig>,
    /// One per protocol of [`PROTOCOLS`].
    negotiating: [Arc<ClientConfig>; PROTOCOLS.len()],
}

impl Originator {
    pub(crate) fn new(settings: &TargetTls) -> Self {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites of TLS 1.2 and 1.3");
        let mut config = match &settings.authorities {
            Some(authorities) => {
                builder.with_root_certificates(Arc::clone(authorities)).with_no_client_auth()
            }
            None => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate { provider }))
                .with_no_client_auth(),
        };
        config.resumption = Resumption::in_memory_sessions(REMEMBERED_MAX);
        let negotiating = PROTOCOLS.map(|protocol| {
            let mut config = config.clone();
            config.alpn_protocols = vec![protocol.to_vec()];
            Arc::new(config)
        });
        Self { server_name: settings.server_name.clone(), plain: Arc::new(config), negotiating }
    }

    /// How the handshake goes for a client with whom this protocol was agreed upon: the target is
    /// asked for the same.
    pub(crate) fn config_for(&self, protocol: Option<&[u8]>) -> &Arc<ClientConfig> {
        let place = PROTOCOLS.iter().position(|known| Some(*known) == protocol);
        place.map_or(&self.plain, |place| &self.negotiating[place])
    }

    /// The name of a target.
    pub(crate) fn name_of(&self, target: std::net::IpAddr) -> ServerName<'static> {
        self.server_name.clone().unwrap_or_else(|| ServerName::IpAddress(target.into()))
    }
}

/// Takes whatever certificate a target has: the network it is in is trusted instead.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    // A signature by a key that anyone may have says nothing, and old certificates cannot be read.
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
