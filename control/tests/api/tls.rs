//! The API served with TLS: policies see it, strangers cannot hold it up, a new certificate takes
//! effect without a call lost.

use std::{fs, sync::Arc, time::Duration};

use control::tls::{Certificate, Tls};
use rcgen::{CertificateParams, KeyPair};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
        version::{TLS12, TLS13},
    },
};

use crate::rig::{Answer, EC2, PROVIDER, Rig, STS, add_user, form_request, parse, user, within};

const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const VPCS: &str = "Action=DescribeVpcs&Version=2016-11-15";
const ACCOUNT: &str = "111111111111";
/// AWS's own example of a policy that asks for TLS, beside one that permits the rest.
const SECURE_ONLY: &str = r#"
    {"Effect":"Allow","Action":"ec2:*","Resource":"*"},
    {"Effect":"Deny","Action":"*","Resource":"*",
        "Condition":{"Bool":{"aws:SecureTransport":"false"}}}
"#;

/// A certificate for `localhost`, as the server has it and as clients trust it.
struct Pair {
    certificate: Certificate,
    trusted: CertificateDer<'static>,
}

impl Pair {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("c"), folder.path().join("k"));
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let pair = KeyPair::generate().unwrap();
        let pem = params.self_signed(&pair).unwrap().pem();
        fs::write(&certificate, &pem).unwrap();
        fs::write(&key, pair.serialize_pem()).unwrap();
        Self {
            certificate: Certificate::read(&certificate, &key).unwrap(),
            trusted: CertificateDer::from_pem_slice(pem.as_bytes()).unwrap(),
        }
    }

    fn tls(&self) -> Tls {
        Tls::new(self.certificate.clone())
    }
}

/// A client that trusts these.
#[derive(Clone)]
struct Client(TlsConnector);

impl Client {
    fn trusting(pairs: &[&Pair]) -> Self {
        Self::with(pairs, &[&TLS12, &TLS13], &[])
    }

    fn with(
        pairs: &[&Pair],
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        for pair in pairs {
            roots.add(pair.trusted.clone()).unwrap();
        }
        let mut config = ClientConfig::builder_with_protocol_versions(versions)
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Self(TlsConnector::from(Arc::new(config)))
    }

    async fn connect(&self, rig: &Rig) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(rig.address).await?;
        self.0.connect(ServerName::try_from("localhost").unwrap(), stream).await
    }

    async fn call(
        &self,
        rig: &Rig,
        signer: crate::rig::Signer,
        service: &str,
        form: &str,
    ) -> Answer {
        let request = form_request(form);
        let (headers, _) = rig.signed(&request, signer, service, Default::default());
        within(async {
            let mut stream = self.connect(rig).await.unwrap();
            stream.write_all(&rig.bytes(&request, &headers)).await.unwrap();
            let mut answer = Vec::new();
            // The end is announced, so that an answer that was cut off is not taken for whole.
            stream.read_to_end(&mut answer).await.unwrap();
            parse(&answer)
        })
        .await
    }
}

#[tokio::test]
async fn policies_see_whether_a_call_is_encrypted() {
    let pair = Pair::new();
    let add = |config: &mut control::Config| add_user(config, ACCOUNT, "alice", Some(SECURE_ONLY));
    let secure = Rig::start_secure(pair.tls(), add).await;
    let plain = Rig::start_with(add).await;
    Client::trusting(&[&pair]).call(&secure, user("alice"), EC2, VPCS).await.ok();
    let refused = plain.call(user("alice"), EC2, VPCS).await;
    assert_eq!(refused.refusal(), (403, "UnauthorizedOperation"));
    assert!(refused.get("Message").contains("explicit deny"), "{refused:?}");
}

#[tokio::test]
async fn both_versions_of_tls_and_http_1_1_alone_are_spoken() {
    let pair = Pair::new();
    let rig = Rig::start_secure(pair.tls(), |_| ()).await;
    for (versions, expected) in
        [([&TLS12], ProtocolVersion::TLSv1_2), ([&TLS13], ProtocolVersion::TLSv1_3)]
    {
        let client = Client::with(&[&pair], &versions, &["h2", "http/1.1"]);
        let stream = client.connect(&rig).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(expected));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        client.call(&rig, PROVIDER, STS, WHO).await.ok();
    }
    let other = Client::with(&[&pair], &[&TLS13], &["h2"]).connect(&rig).await;
    assert!(other.unwrap_err().to_string().contains("NoApplicationProtocol"));
}

#[tokio::test]
async fn plain_http_at_the_port_of_tls_is_answered_and_not_carried_out() {
    let pair = Pair::new();
    let rig = Rig::start_secure(pair.tls(), |_| ()).await;
    let create = "Action=CreateVpc&CidrBlock=10.0.0.0%2F16&Version=2016-11-15";
    let answer = rig.call(PROVIDER, EC2, create).await;
    assert_eq!(answer.refusal(), (400, "InvalidRequest"));
    assert!(answer.body.contains("<Response>") && answer.body.contains("https://"));
    let none = Client::trusting(&[&pair]).call(&rig, PROVIDER, EC2, VPCS).await.ok();
    assert!(!none.body.contains("vpcId"), "{}", none.body);
}

#[tokio::test]
async fn a_handshake_that_is_none_ends_soon_and_takes_a_place_until_then() {
    let pair = Pair::new();
    let rig = Rig::start_secure(pair.tls(), |config| {
        config.limits.connections_per_peer = 1;
        config.limits.head_timeout = Duration::from_millis(500);
    })
    .await;
    // Nothing at all, half a record, and a record that is no handshake's.
    for sent in [&b""[..], b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\x00\x02\xff\xff"] {
        let mut stream = TcpStream::connect(rig.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut rest = Vec::new();
        drop(within(stream.read_to_end(&mut rest)).await);
        // At most an alert comes back.
        assert!(rest.len() <= 7, "{rest:?}");
    }
    let holds = TcpStream::connect(rig.address).await.unwrap();
    let client = Client::trusting(&[&pair]);
    let refused = client.call(&rig, PROVIDER, STS, WHO).await;
    assert_eq!(refused.refusal(), (400, "Throttling"));
    drop(holds);
    within(async { while client.call(&rig, PROVIDER, STS, WHO).await.status != 200 {} }).await;
}

#[tokio::test]
async fn a_new_certificate_takes_effect_without_a_call_lost() {
    let (old, new) = (Pair::new(), Pair::new());
    let tls = old.tls();
    let rig = Rig::start_secure(tls.clone(), |_| ()).await;
    let both = Client::trusting(&[&old, &new]);
    let only_new = Client::trusting(&[&new]);
    assert!(only_new.connect(&rig).await.is_err());
    // One that was opened before goes on.
    let mut before = both.connect(&rig).await.unwrap();
    let calls = async {
        for _ in 0..50 {
            both.call(&rig, PROVIDER, STS, WHO).await.ok();
        }
    };
    let replace = async {
        for _ in 0..20 {
            tls.replace(old.certificate.clone());
            tokio::task::yield_now().await;
            tls.replace(new.certificate.clone());
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(calls, replace);
    only_new.call(&rig, PROVIDER, STS, WHO).await.ok();
    let request = form_request(WHO);
    let (headers, _) = rig.signed(&request, PROVIDER, STS, Default::default());
    before.write_all(&rig.bytes(&request, &headers)).await.unwrap();
    let mut answer = Vec::new();
    within(before.read_to_end(&mut answer)).await.unwrap();
    parse(&answer).ok();
}
