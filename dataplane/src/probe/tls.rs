//! TLS of HTTPS probes, which looks at no certificate: a Network Load Balancer does not either
//! (semantics 1.2), and a health check tells nothing that is secret. Knows no HTTP.

use std::{fmt, io, net::IpAddr, sync::Arc};

use rustls::{ClientConfig, client::Resumption, crypto::ring, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::tls::originate::AnyCertificate;

/// Opens TLS to targets.
#[derive(Clone)]
pub(crate) struct TlsAsker(TlsConnector);

impl TlsAsker {
    pub(crate) fn new() -> Self {
        let provider = Arc::new(ring::default_provider());
        let anyone = Arc::new(AnyCertificate::new(&provider));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(anyone)
            .with_no_client_auth();
        // A target that only resumes what it agreed to earlier would not be known to take clients.
        config.resumption = Resumption::disabled();
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
