//! Certificates from files: good ones, and every way not to be one.

use std::path::PathBuf;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::*;

struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

fn pair(years: (i32, i32)) -> (String, String) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_pair_is_read_with_its_validity() {
    let files = Files::new();
    // The years of both forms of time in a certificate.
    for (years, expected) in [
        ((2000, 2049), (946_684_800, 2_493_072_000)),
        ((1999, 2050), (915_148_800, 2_524_608_000)),
        ((1960, 2150), (0, 5_680_281_600)),
    ] {
        let (certificate, key) = pair(years);
        let read = Certificate::read(&files.write("c", &certificate), &files.write("k", &key));
        let read = read.unwrap();
        assert_eq!((read.not_before().as_secs(), read.not_after().as_secs()), expected);
        assert!(!format!("{read:?}{:?}", Tls::new(read.clone())).contains("key"));
    }
}

#[test]
fn what_is_no_pair_is_told_apart() {
    let files = Files::new();
    let (certificate, key) = pair((2000, 2049));
    let (other, other_key) = pair((2000, 2049));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let foreign = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let cut = certificate.rsplit_once("-----END").unwrap().0;
    for (certificate, key, expected) in [
        (certificate.as_str(), other_key.as_str(), "k is not that of the certificate "),
        (&other, &key, "k is not that of the certificate "),
        (&key, &key, "c has no certificate"),
        ("", &key, "c has no certificate"),
        (cut, &key, "c has a malformed certificate"),
        (broken, &key, "c has a malformed certificate"),
        (&certificate, &certificate, "k has no private key"),
        (&certificate, encrypted, "k has no private key"),
        (&certificate, foreign, "k has a private key that is neither"),
    ] {
        let read = Certificate::read(&files.write("c", certificate), &files.write("k", key));
        let error = read.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}: {expected}");
    }
    let missing = Certificate::read(&files.folder.path().join("none"), &files.write("k", &key));
    assert!(matches!(missing, Err(CertificateError::Read { .. })));
}

#[test]
fn a_malformed_certificate_has_no_validity_wherever_it_is_cut() {
    let (certificate, _) = pair((2000, 2049));
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    assert!(Validity::read(&der).is_some());
    for end in 0..der.len() {
        assert_eq!(Validity::read(&der[..end]), None, "{end}");
    }
    // Whatever else is wrong with it, reading it ends.
    for at in 0..der.len() {
        for value in [0, 0x7f, 0x80, 0x83, 0x84, 0xff] {
            let mut changed = der.to_vec();
            changed[at] = value;
            let _ = Validity::read(&changed);
        }
    }
}
