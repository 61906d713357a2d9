//! DNS over TLS, asked with `kdig`.

use std::{net::SocketAddr, num::NonZeroUsize, process::Command, sync::Arc};

use dns::{Config, Tls, ZoneFiles};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::task::spawn_blocking;

use crate::rig::{Running, endpoint, name, snapshot};

fn kdig(server: SocketAddr, options: &[&str]) -> String {
    let mut command = Command::new("kdig");
    command.args([&format!("@{}", server.ip()), "-p", &server.port().to_string()]);
    let output = command.args(["+time=3", "+retry=0"]).args(options).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(["dns.test".to_owned()]).unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, pair.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(pair.signing_key.serialize_der().into());
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.cert.der().clone()], key)
        .unwrap();
    let mut config = Config::new("127.0.0.1:0".parse().unwrap(), NonZeroUsize::MIN);
    config.tls = Some(Tls { listen: "127.0.0.1:0".parse().unwrap(), config: Arc::new(tls) });
    let world = snapshot(1, [endpoint(1, 1)]);
    let running = Running::start_from(config, world, ZoneFiles::default()).unwrap();
    let server = running.server.tls_addr().unwrap();
    let (name, authority) = (name(1), authority.display().to_string());
    let trusted = [format!("+tls-ca={authority}"), "+tls-hostname=dns.test".to_owned()];
    let other = [format!("+tls-ca={authority}"), "+tls-hostname=other.test".to_owned()];
    let (seen, seen_other, seen_plain) = spawn_blocking(move || {
        let ask = |options: &[String]| {
            let options: Vec<_> = options.iter().map(String::as_str).collect();
            kdig(server, &[&options[..], &["+tls", "+short", &name]].concat())
        };
        (ask(&trusted), ask(&other), kdig(server, &["+tcp", "+short", &name]))
    })
    .await
    .unwrap();
    assert_eq!(seen.lines().filter(|line| line.starts_with("10.")).count(), 3, "{seen}");
    assert!(!seen_other.contains("10."), "a name that the certificate has not: {seen_other}");
    assert!(!seen_plain.contains("10."), "not without TLS: {seen_plain}");
    running.server.stop().await;
}
