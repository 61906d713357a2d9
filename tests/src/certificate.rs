//! Certificates for loopback addresses, in files, as an operator would have them renewed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tempfile::TempDir;

use crate::postern::{PROVIDER, REGION};

/// What callers of the API name a listener's certificate by.
pub fn arn(name: &str) -> String {
    format!("arn:aws:acm:{REGION}:{}:certificate/{name}", PROVIDER.account)
}

/// An authority that clients trust, and the files of the certificates that it signs.
#[derive(Debug)]
pub struct Certificate {
    folder: TempDir,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}

impl Certificate {
    /// Makes an authority, and signs a first certificate.
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let made = Self { folder, authority };
        made.renew(2099);
        made
    }

    /// Signs a new certificate, good until this year, with a new key, and puts both into place.
    pub fn renew(&self, year: i32) {
        let files = ["certificate.pem", "key.pem"];
        self.sign(files, ("the API", "127.0.0.1"), year);
    }

    /// Signs a certificate with this common name for this host, and puts it and its key into these
    /// files.
    pub fn sign(&self, files: [&str; 2], (name, host): (&str, &str), year: i32) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = date_time_ymd(year, 1, 1);
        params.not_before = date_time_ymd(2000, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        self.put(files[1], &key.serialize_pem());
        self.put(files[0], &certificate.pem());
    }

    /// Signs the certificate of a listener's host, good until this year.
    pub fn sign_listener(&self, name: &str, year: i32) {
        let files = [format!("{name}.pem"), format!("{name}.key")];
        let host = format!("{name}.example.test");
        self.sign([&files[0], &files[1]], (&host, &host), year);
    }

    /// Signs certificates for listeners of the provider's, NAME.example.test each; the lines that
    /// have a gateway know them.
    pub fn listeners(&self, names: &[&str]) -> String {
        let one = |name: &&str| {
            self.sign_listener(name, 2099);
            let (arn, files) = (arn(name), self.folder.path().join(name));
            let files = files.display();
            format!(
                "[[certificate]]\narn = \"{arn}\"\ncertificate = \"{files}.pem\"\n\
                 key = \"{files}.key\"\n"
            )
        };
        names.iter().map(one).collect()
    }

    /// Replaces a file as a whole.
    pub fn put(&self, name: &str, text: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.folder.path().join(name)).unwrap();
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What clients trust.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The lines that have a gateway use it.
    pub fn configuration(&self) -> String {
        let folder: &Path = self.folder.path();
        format!(
            "[api.tls]\ncertificate = \"{0}/certificate.pem\"\nkey = \"{0}/key.pem\"\n",
            folder.display()
        )
    }
}
