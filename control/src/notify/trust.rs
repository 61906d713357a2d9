//! Whose certificates are believed when a receiver is spoken to over TLS.

use std::{fmt, io, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem, pem::PemObject},
};
use thiserror::Error;
use tokio_rustls::TlsConnector;

/// The authorities whose word is taken for a receiver.
#[derive(Clone, Default)]
pub struct Trust(Option<Arc<ClientConfig>>);

/// Why no authority is known.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The text is not PEM.
    #[error("read the certificates of authorities as PEM")]
    Pem(#[source] pem::Error),
    /// A certificate is not one of an authority.
    #[error("take a certificate as that of an authority")]
    Certificate(#[source] rustls::Error),
    /// There is no certificate.
    #[error("there is no certificate of an authority")]
    Empty,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trust").field(&self.0.is_some()).finish()
    }
}

impl Trust {
    /// The authorities of the system. Files that cannot be read count as none.
    pub fn of_system() -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::in_roots(roots)
    }

    /// The authorities of a PEM file's text, and no others.
    pub fn of_pem(text: &[u8]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(text) {
            let certificate = certificate.map_err(TrustError::Pem)?;
            roots.add(certificate).map_err(TrustError::Certificate)?;
        }
        Self::in_roots(roots)
    }

    fn in_roots(roots: RootCertStore) -> Result<Self, TrustError> {
        if roots.is_empty() {
            return Err(TrustError::Empty);
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows suites for TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Some(Arc::new(config))))
    }

    /// What makes a connection secure; none if nobody is trusted.
    pub(super) fn connector(&self) -> io::Result<TlsConnector> {
        let config = self.0.clone().ok_or_else(|| io::Error::other(TrustError::Empty))?;
        Ok(config.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_read_from_pem() {
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let pem = signed.cert.pem();
        assert!(Trust::of_pem(pem.as_bytes()).unwrap().connector().is_ok());
        assert!(matches!(Trust::of_pem(b"certificates"), Err(TrustError::Empty)));
        let broken = pem.replace("-----END", "----END");
        assert!(matches!(Trust::of_pem(broken.as_bytes()), Err(TrustError::Pem(_))));
        assert!(Trust::default().connector().is_err());
    }
}
