//! TLS of HTTPS probes, which looks at no certificate: a Network Load Balancer does not either
//! (semantics 1.2), and a health check tells nothing that is secret. Knows no HTTP.

use std::{fmt, io, net::IpAddr, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Opens TLS to targets.
#[derive(Clone)]
pub(crate) struct TlsAsker(TlsConnector);

impl TlsAsker {
    pub(crate) fn new() -> Self {
        let provider = Arc::new(ring::default_provider());
        let anyone = Arc::new(Anyone(Arc::clone(&provider)));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(anyone)
            .with_no_client_auth();
        Self(TlsConnector::from(Arc::new(config)))
    }

    /// Shakes hands with a target, by its address: no name is sent.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        target: IpAddr,
    ) -> io::Result<TlsStream<TcpStream>> {
        self.0.connect(ServerName::from(target), stream).await
    }
}

impl fmt::Debug for TlsAsker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsAsker").finish_non_exhaustive()
    }
}

/// Takes any certificate, and any signature by it.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
