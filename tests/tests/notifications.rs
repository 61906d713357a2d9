//! kill -9 between an event and its delivery: the notification arrives after the restart.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a receiver of the test's own may block")]

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use serde_json::Value;
use tests::{
    Api, Postern,
    postern::{CONSUMER, PROVIDER},
    wait_until,
};

const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:connections";
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_crash_before_the_delivery_loses_no_notification() {
    let receiver = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/hook", receiver.local_addr().unwrap());
    let topic = format!("{{ arn = \"{TOPIC}\", url = \"{url}\", secret = \"ours\" }}");
    let mut postern = Postern::start_with(&format!("notifications = {{ topics = [{topic}] }}"));
    let (provider, consumer) = (postern.api(PROVIDER), postern.api(CONSUMER));
    let service = service(&provider);
    let (vpc, subnet) = network(&consumer);
    let connect = [
        ("VpcEndpointType", "Interface"),
        ("VpcId", vpc.as_str()),
        ("ServiceName", &format!("com.amazonaws.vpce.us-east-1.{service}")),
        ("SubnetId.1", &subnet),
    ];
    let endpoint = consumer.ec2("CreateVpcEndpoint", &connect).unwrap();
    let endpoint = endpoint.text("vpcEndpointId").unwrap();
    // The receiver has not answered, so nothing can have been delivered.
    postern.kill();
    receiver.set_nonblocking(true).unwrap();
    while receiver.accept().is_ok() {}
    receiver.set_nonblocking(false).unwrap();

    postern.restart();
    let (mut stream, _) = receiver.accept().unwrap();
    let body: Value = serde_json::from_str(&request(&mut stream)).unwrap();
    let message: Value = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
    assert_eq!(body["TopicArn"], TOPIC);
    assert_eq!(message["event"], "Connect");
    assert_eq!(message["vpcEndpointId"], endpoint.as_str());

    // One that is not answered is sent again, and one that is, is not.
    drop(stream);
    let (mut stream, _) = receiver.accept().unwrap();
    let again: Value = serde_json::from_str(&request(&mut stream)).unwrap();
    assert_eq!(again["MessageId"], body["MessageId"]);
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    wait_until(PATIENCE, "the delivery to be counted", || {
        postern.metric("postern_control_notifications_total", &["delivered"]) > 0.0
    });
    wait_until(PATIENCE, "the message to be removed", || {
        postern.metric("postern_control_notifications_waiting", &[]) < 1.0
    });
    postern.stop();
    receiver.set_nonblocking(true).unwrap();
    postern.restart();
    postern.stop();
    assert!(receiver.accept().is_err(), "what was delivered is not sent again");
}

/// A service that admits everybody, and whose provider wants to be told of requests.
fn service(provider: &Api) -> String {
    let (_, subnet) = network(provider);
    let balancer = [("Name", "lb"), ("Type", "network"), ("Subnets.member.1", subnet.as_str())];
    let balancer = provider.elb("CreateLoadBalancer", &balancer).unwrap();
    let balancer = balancer.text("LoadBalancerArn").unwrap();
    let create = [("NetworkLoadBalancerArn.1", balancer.as_str())];
    let service = provider.ec2("CreateVpcEndpointServiceConfiguration", &create).unwrap();
    let service = service.text("serviceId").unwrap();
    let admit = [("ServiceId", service.as_str()), ("AddAllowedPrincipals.1", "*")];
    provider.ec2("ModifyVpcEndpointServicePermissions", &admit).unwrap();
    let tell = [
        ("ServiceId", service.as_str()),
        ("ConnectionNotificationArn", TOPIC),
        ("ConnectionEvents.1", "Connect"),
    ];
    provider.ec2("CreateVpcEndpointConnectionNotification", &tell).unwrap();
    service
}

/// A VPC and its subnet.
fn network(api: &Api) -> (String, String) {
    let vpc = api.ec2("CreateVpc", &[("CidrBlock", "10.9.0.0/16")]).unwrap();
    let vpc = vpc.text("vpcId").unwrap();
    let create =
        [("VpcId", vpc.as_str()), ("CidrBlock", "10.9.1.0/24"), ("AvailabilityZone", "us-east-1a")];
    let subnet = api.ec2("CreateSubnet", &create).unwrap();
    (vpc, subnet.text("subnetId").unwrap())
}

/// The body of the request that arrives on a stream.
fn request(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "the request ends early");
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let (_, length) = head.split_once("content-length: ").unwrap();
        if length.split("\r\n").next().unwrap().parse() == Ok(body.len()) {
            return body.to_owned();
        }
    }
}
