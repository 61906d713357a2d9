//! Connection notifications: the operations, and what arrives at a receiver.

use std::{net::SocketAddr, sync::Arc};

use control::{
    AccessKey, Secret,
    notify::{self, Form, Topic, Trust},
};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use rcgen::{CertifiedKey, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use serde_json::Value;
use sha2::Sha256;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    rig::{CONSUMER, EC2, PROVIDER, Rig, within},
    workflow::World,
};

const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:connections";
const SECRET: &str = "between us";

/// A receiver that answers each request with the next of some statuses, and then with 200.
struct Receiver {
    addr: SocketAddr,
    requests: mpsc::Receiver<(String, String)>,
}

impl Receiver {
    async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (requests_in, requests) = mpsc::channel(100);
        tokio::spawn(async move {
            let mut statuses = statuses.iter();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let status = statuses.next().unwrap_or(&200);
                requests_in.send(answer(&mut stream, *status).await).await.unwrap();
            }
        });
        Self { addr, requests }
    }

    /// One that is spoken to over TLS, with a certificate; every request succeeds.
    async fn start_secure(certificate: &CertifiedKey<KeyPair>) -> Self {
        let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (requests_in, requests) = mpsc::channel(100);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // Whoever does not believe the certificate goes away.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                requests_in.send(answer(&mut stream, 200).await).await.unwrap();
            }
        });
        Self { addr, requests }
    }

    fn config(&self) -> notify::Config {
        let url = format!("http://{}/hook?a=b", self.addr).parse().unwrap();
        let form = Form::Webhook { secret: Some(Secret(SECRET.to_owned())) };
        config(Topic { arn: TOPIC.parse().unwrap(), url, form }, Trust::default())
    }

    async fn next(&mut self) -> (String, String) {
        within(self.requests.recv()).await.unwrap()
    }

    /// The event of the next message, after a look at all of it.
    async fn event(&mut self) -> String {
        let (head, body) = self.next().await;
        assert!(head.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{head}");
        let (_, signature) = head.split_once("x-postern-signature: t=").unwrap();
        let (seconds, rest) = signature.split_once(",v1=").unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(format!("{seconds}.{body}").as_bytes());
        let expected = hex::encode(mac.finalize().into_bytes());
        assert_eq!(rest.split("\r\n").next(), Some(expected.as_str()));

        let envelope: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(envelope["Type"], "Notification");
        assert_eq!(envelope["TopicArn"], TOPIC);
        assert!(head.contains(&format!("x-amz-sns-message-id: {}", text(&envelope["MessageId"]))));
        let message: Value = serde_json::from_str(text(&envelope["Message"])).unwrap();
        assert_eq!(message["vpcEndpointOwner"], "222222222222");
        assert_eq!(message["eventTime"], envelope["Timestamp"]);
        format!("{} {}", text(&message["event"]), text(&message["vpcEndpointState"]))
    }
}

fn config(topic: Topic, trust: Trust) -> notify::Config {
    notify::Config { topics: vec![topic], trust }
}

/// Reads a request and answers it with a status.
async fn answer(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    status: u16,
) -> (String, String) {
    let request = read(stream).await;
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
    request
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A request's head and body.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let (_, length) = head.split_once("content-length: ").unwrap();
        if length.split("\r\n").next().unwrap().parse() == Ok(body.len()) {
            return (head.to_owned(), body.to_owned());
        }
    }
}

fn create(scope: &str, events: &[&str], more: &str) -> String {
    let events = events.iter().enumerate();
    let events: String = events.map(|(i, e)| format!("&ConnectionEvents.{}={e}", i + 1)).collect();
    format!(
        "Action=CreateVpcEndpointConnectionNotification&{scope}\
         &ConnectionNotificationArn={TOPIC}{events}{more}"
    )
}

async fn delivered(rig: &Rig) {
    within(async {
        while rig.waiting() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_provider_is_told_of_every_event_once_and_in_order() {
    let world = World::build().await;
    let (rig, service) = (&world.rig, &world.service);
    let mut receiver = Receiver::start(&[]).await;
    let scope = format!("ServiceId={service}");
    let wanted = ["Connect", "Accept", "Reject", "Delete"];
    rig.call(PROVIDER, EC2, &create(&scope, &wanted, "")).await.ok();
    let endpoint = world.connected().await;
    rig.deliver(receiver.config());
    for (event, form) in [
        ("Connect pendingAcceptance", None),
        ("Accept pending", Some((PROVIDER, "AcceptVpcEndpointConnections"))),
        ("Reject rejected", Some((PROVIDER, "RejectVpcEndpointConnections"))),
        ("Delete deleting", Some((CONSUMER, "DeleteVpcEndpoints"))),
    ] {
        if let Some((signer, action)) = form {
            let scope = if signer.key == PROVIDER.key { &scope } else { "Version=2016-11-15" };
            let form = format!("Action={action}&{scope}&VpcEndpointId.1={endpoint}");
            let answer = rig.call(signer, EC2, &form).await.ok();
            assert_eq!(answer.text("code"), None, "{answer:?}");
        }
        assert_eq!(receiver.event().await, event);
    }
    delivered(rig).await;
    assert!(receiver.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_message_is_sent_again_until_it_is_taken_or_refused_for_good() {
    let world = World::build().await;
    let rig = &world.rig;
    let mut receiver = Receiver::start(&[503, 200, 410]).await;
    let scope = format!("ServiceId={}", world.service);
    rig.call(PROVIDER, EC2, &create(&scope, &["Connect", "Delete"], "")).await.ok();
    rig.deliver(receiver.config());
    let endpoint = world.connected().await;
    let (_, first) = receiver.next().await;
    let (_, again) = receiver.next().await;
    assert_eq!(first, again);
    delivered(rig).await;
    let delete = format!("Action=DeleteVpcEndpoints&VpcEndpointId.1={endpoint}");
    rig.call(CONSUMER, EC2, &delete).await.ok();
    receiver.event().await;
    delivered(rig).await;
    assert!(receiver.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_receiver_over_tls_is_told_if_its_certificate_is_believed() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let mut receiver = Receiver::start_secure(&certificate).await;
    let deliver = |world: &World, believed: &CertifiedKey<KeyPair>| {
        let url = format!("https://localhost:{}/hook?a=b", receiver.addr.port()).parse().unwrap();
        let form = Form::Webhook { secret: Some(Secret(SECRET.to_owned())) };
        let topic = Topic { arn: TOPIC.parse().unwrap(), url, form };
        let trust = Trust::of_pem(believed.cert.pem().as_bytes()).unwrap();
        world.rig.deliver(config(topic, trust));
    };
    let doubtful = World::build().await;
    let scope = format!("ServiceId={}", doubtful.service);
    doubtful.rig.call(PROVIDER, EC2, &create(&scope, &["Connect"], "")).await.ok();
    doubtful.connected().await;
    deliver(&doubtful, &other);

    let world = World::build().await;
    let scope = format!("ServiceId={}", world.service);
    world.rig.call(PROVIDER, EC2, &create(&scope, &["Connect"], "")).await.ok();
    world.connected().await;
    deliver(&world, &certificate);
    assert_eq!(receiver.event().await, "Connect pendingAcceptance");
    delivered(&world.rig).await;
    assert_eq!(doubtful.rig.waiting(), 1);
    assert!(receiver.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_message_is_published_as_sns_is_asked_to() {
    let world = World::build().await;
    let rig = &world.rig;
    // A key that is wrong now may be right later, so that is not the last word.
    let mut receiver = Receiver::start(&[403]).await;
    let scope = format!("ServiceId={}", world.service);
    let ordered = create(&scope, &["Connect"], "").replace(TOPIC, &format!("{TOPIC}.fifo"));
    rig.call(PROVIDER, EC2, &ordered).await.ok();
    let endpoint = world.connected().await;
    let key = AccessKey {
        access_key_id: "AKIDSNS".to_owned(),
        secret_access_key: Secret(SECRET.to_owned()),
    };
    let url = format!("http://{}/", receiver.addr).parse().unwrap();
    let arn = format!("{TOPIC}.fifo").parse().unwrap();
    rig.deliver(config(Topic { arn, url, form: Form::Publish(key) }, Trust::default()));
    let (_, first) = receiver.next().await;
    let (head, again) = receiver.next().await;
    assert_eq!(first, again);
    assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
    assert_eq!(head.matches("host: ").count(), 1, "{head}");
    assert!(head.contains("authorization: AWS4-HMAC-SHA256 Credential=AKIDSNS/"), "{head}");
    assert!(head.contains("/us-east-1/sns/aws4_request, SignedHeaders="), "{head}");
    let members: Vec<(&str, String)> = again
        .split('&')
        .filter_map(|member| member.split_once('='))
        .map(|(name, value)| (name, percent_decode_str(value).decode_utf8().unwrap().into()))
        .collect();
    let member = |name: &str| &members.iter().find(|(it, _)| *it == name).unwrap().1;
    assert_eq!(member("Action"), "Publish");
    assert_eq!(member("TopicArn"), &format!("{TOPIC}.fifo"));
    assert_eq!(member("MessageGroupId"), &world.service);
    let message: Value = serde_json::from_str(member("Message")).unwrap();
    assert_eq!(text(&message["vpcEndpointId"]), endpoint);
    assert_eq!(text(&message["messageId"]), member("MessageDeduplicationId"));
    delivered(rig).await;
}

#[tokio::test]
async fn topics_without_a_receiver_keep_nothing_waiting() {
    let world = World::build().await;
    let scope = format!("ServiceId={}", world.service);
    world.rig.call(PROVIDER, EC2, &create(&scope, &["Connect"], "")).await.ok();
    world.connected().await;
    assert_eq!(world.rig.waiting(), 1);
    world.rig.deliver(notify::Config::default());
    delivered(&world.rig).await;
}

#[tokio::test]
async fn notifications_are_made_changed_listed_and_removed() {
    let world = World::build().await;
    let (rig, service) = (&world.rig, &world.service);
    let scope = format!("ServiceId={service}");
    let form = create(&scope, &["Reject", "Accept"], "&ClientToken=once");
    let made = rig.call(PROVIDER, EC2, &form).await.ok();
    let id = made.get("connectionNotificationId");
    assert!(id.starts_with("vpce-nfn-") && id.len() == 26, "{id}");
    for (element, expected) in [
        ("serviceId", service.as_str()),
        ("connectionNotificationType", "Topic"),
        ("connectionNotificationArn", TOPIC),
        ("connectionNotificationState", "Enabled"),
        ("clientToken", "once"),
    ] {
        assert_eq!(made.get(element), expected);
    }
    assert_eq!(made.all("item"), ["Accept", "Reject"]);
    assert_eq!(rig.call(PROVIDER, EC2, &form).await.ok().get("connectionNotificationId"), id);

    let describe = |more: &str| {
        format!("Action=DescribeVpcEndpointConnectionNotifications&Version=2016-11-15{more}")
    };
    for (signer, more, count) in [
        (PROVIDER, String::new(), 1),
        (PROVIDER, format!("&ConnectionNotificationId={id}"), 1),
        (PROVIDER, format!("&Filter.1.Name=service-id&Filter.1.Value.1={service}"), 1),
        (PROVIDER, "&Filter.1.Name=vpc-endpoint-id&Filter.1.Value.1=*".to_owned(), 0),
        (CONSUMER, String::new(), 0),
    ] {
        let answer = rig.call(signer, EC2, &describe(&more)).await.ok();
        assert_eq!(answer.all("connectionNotificationId").len(), count, "{more}");
    }

    let modify = "Action=ModifyVpcEndpointConnectionNotification";
    let other = format!("{modify}&ConnectionNotificationId={id}&ConnectionEvents.1=Delete");
    assert_eq!(rig.call(PROVIDER, EC2, &other).await.ok().get("return"), "true");
    let answer = rig.call(PROVIDER, EC2, &describe("")).await.ok();
    assert!(answer.body.contains("<connectionEvents><item>Delete</item></connectionEvents>"));

    let delete = "Action=DeleteVpcEndpointConnectionNotifications";
    let none = "vpce-nfn-00000000000000000";
    let delete = format!("{delete}&ConnectionNotificationId.1={id}&ConnectionNotificationId.2=");
    let answer = rig.call(PROVIDER, EC2, &format!("{delete}{none}")).await.ok();
    assert_eq!(answer.all("resourceId"), [none]);
    assert_eq!(answer.get("code"), "InvalidConnectionNotification");
    let gone = rig.call(PROVIDER, EC2, &describe(&format!("&ConnectionNotificationId={id}"))).await;
    assert_eq!(gone.refusal(), (400, "InvalidConnectionNotification"));
}

#[tokio::test]
async fn a_wish_to_be_told_is_refused_for_what_is_not_ones_own() {
    let world = World::build().await;
    let rig = &world.rig;
    let (service, all) = (format!("ServiceId={}", world.service), &["Connect"][..]);
    let both = format!("{service}&VpcEndpointId=vpce-00000000000000000");
    let dry = create(&service, all, "&DryRun=true");
    for (signer, form, expected) in [
        (CONSUMER, create(&service, all, ""), "InvalidVpcEndpointServiceId.NotFound"),
        (PROVIDER, create(&both, all, ""), "InvalidParameterCombination"),
        (PROVIDER, create("Version=1", all, ""), "MissingParameter"),
        (PROVIDER, create(&service, &[], ""), "MissingParameter"),
        (PROVIDER, create(&service, &["Expire"], ""), "InvalidParameterValue"),
        (PROVIDER, create(&service, all, "x"), "InvalidParameterValue"),
        (PROVIDER, create(&service, all, "&Color=1"), "UnknownParameter"),
        (PROVIDER, dry, "DryRunOperation"),
    ] {
        let answer = rig.call(signer, EC2, &form).await;
        assert_eq!(answer.refusal().1, expected, "{form}");
    }
    assert_eq!(rig.waiting(), 0);
}
