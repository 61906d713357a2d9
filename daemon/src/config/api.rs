//! The table `api`: whether it is served with TLS, and with which certificate. And how any
//! certificate with its key is named and read.

use std::path::{Path, PathBuf};

use control::tls::{Certificate, CertificateError};

use super::{kind::Text, reader::Table};
use crate::follow::Version;

/// A certificate with its key, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    /// Where it comes from.
    pub(crate) files: TlsFiles,
    /// What was there.
    pub(crate) certificate: Certificate,
    /// The files as they were then.
    pub(crate) versions: Vec<Version>,
}

/// The files of a certificate and its key.
#[derive(Clone, Debug)]
pub(crate) struct TlsFiles {
    /// The certificate, followed by those that lead to an authority.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

impl TlsFiles {
    /// The files as they are, and what is in them.
    pub(crate) fn read(&self) -> (Vec<Version>, Result<Certificate, CertificateError>) {
        let versions = vec![Version::of(&self.certificate), Version::of(&self.key)];
        (versions, Certificate::read(&self.certificate, &self.key))
    }
}

/// Reads the table, if there is one.
pub(super) fn read(root: &mut Table<'_>, folder: &Path) -> Option<Tls> {
    let mut table = root.table("api")?;
    let tls = table.table("tls");
    table.finish();
    let mut table = tls?;
    let tls = pair(&mut table, folder);
    table.finish();
    tls
}

/// Reads the files that a table names under `certificate` and `key`.
pub(super) fn pair(table: &mut Table<'_>, folder: &Path) -> Option<Tls> {
    let path = Text("the path of a file in PEM form");
    let certificate = table.required("certificate", &path);
    let key = table.required("key", &path);
    let (certificate, key) = certificate.zip(key)?;
    let files = TlsFiles { certificate: folder.join(certificate), key: folder.join(key) };
    match files.read() {
        (versions, Ok(certificate)) => Some(Tls { files, certificate, versions }),
        (_, Err(error)) => {
            report(table, &files, &error);
            None
        }
    }
}

/// Notes a mistake at the key whose file it is in.
fn report(table: &Table<'_>, files: &TlsFiles, error: &CertificateError) {
    match error {
        CertificateError::Read { path, source } => {
            let key = if *path == files.certificate { "certificate" } else { "key" };
            table.report(key, format!("cannot read {}: {source}", path.display()));
        }
        CertificateError::NoCertificate { .. } | CertificateError::MalformedCertificate { .. } => {
            table.report("certificate", error);
        }
        CertificateError::NoKey { .. }
        | CertificateError::UnusableKey { .. }
        | CertificateError::Mismatch { .. } => table.report("key", error),
    }
}
