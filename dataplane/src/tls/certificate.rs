//! Certificates by their ARN: what TLS listeners present, and for which names.
//!
//! All that are loaded are one immutable map, replaced as a whole; handshakes that began keep what
//! they chose. Names are those that the certificate itself lists (subject alternative names), as
//! clients compare them: one `*` in place of the first label. Does not know files, nor who uses
//! which certificate.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use arc_swap::ArcSwap;
use rustls::{SignatureAlgorithm, SignatureScheme, sign::CertifiedKey};
use webpki::EndEntityCert;

/// A certificate with its chain and its key, and the names it is for.
#[derive(Clone)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    /// In lower case.
    names: BTreeSet<Box<str>>,
}

impl Certificate {
    /// Reads the names of a certificate. One that lists none serves as a listener's default alone.
    pub fn new(key: Arc<CertifiedKey>) -> Self {
        let parsed = key.cert.first().and_then(|leaf| EndEntityCert::try_from(leaf).ok());
        let names = parsed.iter().flat_map(|parsed| parsed.valid_dns_names());
        let names = names.map(|name| name.to_ascii_lowercase().into()).collect();
        Self { key, names }
    }

    /// The names it is for, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// Whether a client that takes these signatures takes this key's.
    fn signs(&self, schemes: &[SignatureScheme]) -> bool {
        self.key.key.choose_scheme(schemes).is_some()
    }

    fn is_rsa(&self) -> bool {
        self.key.key.algorithm() == SignatureAlgorithm::RSA
    }
}

/// Without the key.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("names", &self.names).finish_non_exhaustive()
    }
}

/// Certificates by ARN.
pub type CertificatesByArn = BTreeMap<Arc<str>, Certificate>;

/// All certificates that are loaded. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Certificates(Arc<ArcSwap<CertificatesByArn>>);

impl Certificates {
    /// Starts with these.
    pub fn new(certificates: CertificatesByArn) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(certificates)))
    }

    /// Presents others in all handshakes from now on; connections go on.
    pub fn replace(&self, certificates: CertificatesByArn) {
        self.0.store(Arc::new(certificates));
    }

    /// Those of the moment.
    pub fn present(&self) -> Arc<CertificatesByArn> {
        self.0.load_full()
    }

    /// What one of a listener's certificates is presented: the one for the host that the client
    /// names, by its very name rather than by a wildcard, or the first of `arns`, its default.
    /// Among equals one that the client can check, and elliptic curves before RSA, as they cost
    /// less.
    pub(crate) fn choose(
        &self,
        arns: &[Arc<str>],
        host: Option<&str>,
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let present = self.0.load();
        let listed = || arns.iter().filter_map(|arn| present.get(arn));
        let named = |name: &str| {
            listed()
                .filter(|certificate| certificate.names.contains(name))
                .min_by_key(|it| (!it.signs(schemes), it.is_rsa()))
        };
        let by_host = host.and_then(|host| {
            let host = host.to_ascii_lowercase();
            let wildcard = || host.split_once('.').map(|(_, rest)| format!("*.{rest}"));
            named(&host).or_else(|| named(&wildcard()?))
        });
        let default = || arns.first().and_then(|arn| present.get(arn));
        by_host.or_else(default).map(|certificate| Arc::clone(&certificate.key))
    }

    /// Whether any of these is loaded.
    pub(crate) fn has_any(&self, arns: &[Arc<str>]) -> bool {
        let present = self.0.load();
        arns.iter().any(|arn| present.contains_key(arn))
    }
}

#[cfg(test)]
mod tests {
    use rustls::{
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    };

    use super::*;

    fn certificate(names: &[&str]) -> Certificate {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let key = ring::default_provider().key_provider.load_private_key(key).unwrap();
        Certificate::new(Arc::new(CertifiedKey::new(vec![made.cert.der().clone()], key)))
    }

    #[test]
    fn the_host_chooses_by_name_then_by_wildcard_then_the_default() {
        let arns: Vec<Arc<str>> = ["default", "exact", "wild"].map(Into::into).into();
        let made = [
            ("default", certificate(&["other.test"])),
            ("exact", certificate(&["A.example.test"])),
            ("wild", certificate(&["*.example.test", "example.test"])),
            ("foreign", certificate(&["foreign.test"])),
        ];
        let keys: BTreeMap<&str, _> =
            made.iter().map(|(arn, it)| (*arn, Arc::clone(&it.key))).collect();
        let certificates =
            Certificates::new(made.into_iter().map(|(arn, it)| (arn.into(), it)).collect());
        for (host, expected) in [
            (None, "default"),
            (Some("other.test"), "default"),
            (Some("a.example.test"), "exact"),
            (Some("a.EXAMPLE.test"), "exact"),
            (Some("b.example.test"), "wild"),
            (Some("example.test"), "wild"),
            // One label alone.
            (Some("a.b.example.test"), "default"),
            // Nobody's but another listener's.
            (Some("foreign.test"), "default"),
            (Some("test"), "default"),
        ] {
            let schemes = [SignatureScheme::ECDSA_NISTP256_SHA256];
            let chosen = certificates.choose(&arns, host, &schemes).unwrap();
            assert!(Arc::ptr_eq(&chosen, &keys[expected]), "{host:?}");
        }
        assert!(certificates.has_any(&arns));
        certificates.replace(BTreeMap::new());
        assert!(certificates.choose(&arns, None, &[]).is_none());
        assert!(!certificates.has_any(&arns));
    }

    #[test]
    fn a_key_is_not_printed() {
        let printed = format!("{:?}", certificate(&["a.test"]));
        assert_eq!(printed, "Certificate { names: {\"a.test\"}, .. }");
    }
}
