//! Connection notifications: the operations, and what arrives at a receiver.

use std::net::SocketAddr;

use control::{
    Secret,
    notify::{self, Topic},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

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
                let request = read(&mut stream).await;
                let status = statuses.next().unwrap_or(&200);
                let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                requests_in.send(request).await.unwrap();
            }
        });
        Self { addr, requests }
    }

    fn config(&self) -> notify::Config {
        let url = format!("http://{}/hook?a=b", self.addr).parse().unwrap();
        let secret = Some(Secret(SECRET.to_owned()));
        notify::Config { topics: vec![Topic { arn: TOPIC.parse().unwrap(), url, secret }] }
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

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A request's head and body.
async fn read(stream: &mut TcpStream) -> (String, String) {
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
