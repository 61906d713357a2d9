//! TLS for the API: a certificate with its key, read from files, and the place where the present
//! one is kept so that a new one takes effect on the next handshake.
//!
//! Relies on rustls with the cryptography of ring. TLS 1.2 and 1.3, HTTP/1.1 alone, no early data:
//! a request in it could be replayed. Does not know when files change, nor what travels inside.

mod validity;

use std::{
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use model::Timestamp;
use rustls::{
    InconsistentKeys, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

use validity::Validity;

/// The largest file read: a chain of ten certificates has some 20 KiB.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The one protocol that is spoken inside.
const HTTP_1_1: &[u8] = b"http/1.1";

/// Why there is no certificate to serve with.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has no certificate.
    #[error("{} has no certificate in PEM form (BEGIN CERTIFICATE)", .path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file has a certificate that cannot be read.
    #[error("{} has a malformed certificate", .path.display())]
    MalformedCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file has no key.
    #[error(
        "{} has no private key in PEM form that is not encrypted (BEGIN PRIVATE KEY)",
        .path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A file has a key of a kind that is not served.
    #[error("{} has a private key that is neither RSA, ECDSA nor Ed25519", .path.display())]
    UnusableKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// Key and certificate are not of one pair.
    #[error("the key {} is not that of the certificate {}", .key.display(), .certificate.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
}

/// A certificate with its chain and its key.
#[derive(Clone)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    validity: Validity,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("validity", &self.validity).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads the certificate, followed by those that lead to an authority, and its key.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        let chain = read_chain(certificate)?;
        let private = read_key(key)?;
        let unusable = |source| CertificateError::UnusableKey { path: key.to_owned(), source };
        let signing = ring::default_provider().key_provider.load_private_key(private);
        let malformed = || CertificateError::MalformedCertificate { path: certificate.to_owned() };
        let validity = chain.first().and_then(|leaf| Validity::read(leaf)).ok_or_else(malformed)?;
        let pair = CertifiedKey::new(chain, signing.map_err(unusable)?);
        match pair.keys_match() {
            // A key that does not say which it is can only be tried.
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => {
                let (certificate, key) = (certificate.to_owned(), key.to_owned());
                return Err(CertificateError::Mismatch { certificate, key });
            }
            Err(_) => return Err(malformed()),
        }
        Ok(Self { key: Arc::new(pair), validity })
    }

    /// What shakes hands with it.
    pub fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }

    /// From when on clients take it.
    pub fn not_before(&self) -> Timestamp {
        self.validity.not_before
    }

    /// Until when clients take it.
    pub fn not_after(&self) -> Timestamp {
        self.validity.not_after
    }
}

/// The API's end of TLS. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    present: Arc<Present>,
    config: Arc<ServerConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Serves with this certificate.
    pub fn new(certificate: Certificate) -> Self {
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let present = Arc::new(Present(ArcSwap::new(certificate.key)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites of TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Present>::clone(&present));
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Self { present, config: Arc::new(config) }
    }

    /// Takes another certificate for all handshakes from now on; connections go on.
    pub fn replace(&self, certificate: Certificate) {
        self.present.0.store(certificate.key);
    }

    /// What shakes hands where another protocol is spoken, with the same certificate.
    pub fn config_for(&self, protocol: &[u8]) -> Arc<ServerConfig> {
        let mut config = ServerConfig::clone(&self.config);
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }

    /// What shakes hands.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

/// The certificate that is presented now, whatever name a client asks for.
#[derive(Debug)]
struct Present(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Present {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let bytes = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let path = path.to_owned();
    match chain {
        Ok(chain) if chain.is_empty() => Err(CertificateError::NoCertificate { path }),
        Ok(chain) => Ok(chain),
        Err(_) => Err(CertificateError::MalformedCertificate { path }),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    // The reader's own error may repeat a part of the key.
    PrivateKeyDer::from_pem_slice(&read(path)?)
        .map_err(|_| CertificateError::NoKey { path: path.to_owned() })
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let mut bytes = Vec::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    read.map_err(|source| CertificateError::Read { path: path.to_owned(), source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
