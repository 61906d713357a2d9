//! How TLS towards targets goes: one configuration for all of them.
//!
//! As on a Network Load Balancer a target's certificate is not looked at, unless the operator gives
//! authorities: then it must be one of theirs and for the target's name. Does not know sockets.

use std::{str::FromStr, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring},
    pki_types::{
        CertificateDer, InvalidDnsNameError, ServerName, UnixTime,
        pem::{self, PemObject as _},
    },
};

/// Names whose sessions are remembered, so that the next connection to a target resumes one.
const REMEMBERED_MAX: usize = 1024;
/// What may be agreed upon with a client, and then is with the target.
const PROTOCOLS: [&[u8]; 3] = [b"h2", b"http/1.1", b"http/1.0"];

/// What an operator may choose about TLS towards targets.
#[derive(Clone, Debug, Default)]
pub struct TargetTls {
    /// The authorities whose certificates targets must have; none takes any certificate.
    pub authorities: Option<Authorities>,
    /// The name that targets are asked for, and that their certificates must be for; none is the
    /// target's address, which is not sent.
    pub server_name: Option<TargetName>,
}

/// Those whose signatures make certificates good.
#[derive(Clone, Debug)]
pub struct Authorities(Arc<RootCertStore>);

/// Why there are no authorities.
#[derive(Debug, thiserror::Error)]
pub enum AuthoritiesError {
    /// The text is not PEM.
    #[error("the certificates of authorities are not in PEM form")]
    Pem(#[source] pem::Error),
    /// A certificate is not one of an authority.
    #[error("a certificate is not that of an authority")]
    Certificate(#[source] Error),
    /// There is no certificate.
    #[error("there is no certificate of an authority (BEGIN CERTIFICATE)")]
    Empty,
}

impl Authorities {
    /// Those of a PEM file's text.
    pub fn of_pem(text: &[u8]) -> Result<Self, AuthoritiesError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(text) {
            let certificate = certificate.map_err(AuthoritiesError::Pem)?;
            roots.add(certificate).map_err(AuthoritiesError::Certificate)?;
        }
        if roots.is_empty() { Err(AuthoritiesError::Empty) } else { Ok(Self(Arc::new(roots))) }
    }
}

/// What a target's certificate is for: a host's name or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetName(ServerName<'static>);

impl FromStr for TargetName {
    type Err = InvalidDnsNameError;

    fn from_str(name: &str) -> Result<Self, InvalidDnsNameError> {
        ServerName::try_from(name.to_owned()).map(Self)
    }
}

/// How handshakes with targets go.
#[derive(Debug)]
pub(crate) struct Originator {
    server_name: Option<TargetName>,
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
            Some(Authorities(authorities)) => {
                builder.with_root_certificates(Arc::clone(authorities)).with_no_client_auth()
            }
            None => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate::new(&provider)))
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
        match &self.server_name {
            Some(TargetName(name)) => name.clone(),
            None => ServerName::IpAddress(target.into()),
        }
    }
}

/// Takes whatever certificate a target has: the network it is in is trusted instead.
#[derive(Debug)]
pub(crate) struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl AnyCertificate {
    pub(crate) fn new(provider: &Arc<CryptoProvider>) -> Self {
        Self { provider: Arc::clone(provider) }
    }
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
