//! What real programs read from the PROXY header, of IPv4 and of IPv6 clients, and that none gets
//! it in two parts. Runs in a network namespace of its own, where every address of the consumer's
//! blocks is local.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr},
    process::Command,
    thread,
    time::Duration,
};

use serde_json::Value;
use tests::{
    Api, Postern,
    api::Answer,
    client, network,
    peer::Peer,
    postern::{CONSUMER, PROVIDER},
    wait_until,
};

const PATIENCE: Duration = Duration::from_secs(20);
/// The first receiver's port; the others follow.
const PORT: u16 = 8000;
/// Connections to the receiver that resets whoever sends a header in two parts.
const CONNECTIONS: usize = 10_000;
const CLIENTS: usize = 8;

#[test]
fn receivers_learn_who_connects_over_ipv4_and_ipv6() {
    network::run_ignored_in_a_namespace();
}

fn ok(result: Result<Answer, tests::ApiError>) -> Answer {
    result.unwrap_or_else(|error| panic!("the API refused: {error}"))
}

/// Has the machine answer for a whole network.
fn route(network: &str) {
    let add = ["route", "add", "local", network, "dev", "lo"];
    assert!(Command::new("ip").args(add).status().unwrap().success(), "{network}");
}

/// A VPC with a subnet, both of both families, whose addresses the machine has.
fn network(api: &Api, block: &str, part: &str) -> (String, String) {
    let vpc = [("CidrBlock", block), ("AmazonProvidedIpv6CidrBlock", "true")];
    let made = ok(api.ec2("CreateVpc", &vpc));
    let (vpc, wide) = (made.text("vpcId").unwrap(), made.text("ipv6CidrBlock").unwrap());
    let narrow = wide.replace("/56", "/64");
    let subnet = [
        ("VpcId", vpc.as_str()),
        ("CidrBlock", part),
        ("Ipv6CidrBlock", &narrow),
        ("AvailabilityZone", "us-east-1a"),
    ];
    let subnet = ok(api.ec2("CreateSubnet", &subnet)).text("subnetId").unwrap();
    route(block);
    route(&wide);
    (vpc, subnet)
}

/// A target group with headers for one receiver, and a listener that leads there.
fn forward(api: &Api, (vpc, balancer): (&str, &str), name: &str, peer: &Peer, port: u16) {
    let members = [
        ("Name", name),
        ("Protocol", "TCP"),
        ("Port", "80"),
        ("TargetType", "ip"),
        ("VpcId", vpc),
        ("HealthCheckIntervalSeconds", "5"),
        ("HealthCheckTimeoutSeconds", "2"),
    ];
    let group = ok(api.elb("CreateTargetGroup", &members)).text("TargetGroupArn").unwrap();
    let attribute = [
        ("TargetGroupArn", group.as_str()),
        ("Attributes.member.1.Key", "proxy_protocol_v2.enabled"),
        ("Attributes.member.1.Value", "true"),
    ];
    ok(api.elb("ModifyTargetGroupAttributes", &attribute));
    let (ip, to) = (peer.addr.ip().to_string(), peer.addr.port().to_string());
    let target = [
        ("TargetGroupArn", group.as_str()),
        ("Targets.member.1.Id", &ip),
        ("Targets.member.1.Port", &to),
        ("Targets.member.1.AvailabilityZone", "all"),
    ];
    ok(api.elb("RegisterTargets", &target));
    let port = port.to_string();
    let listener = [
        ("LoadBalancerArn", balancer),
        ("Protocol", "TCP"),
        ("Port", &port),
        ("DefaultActions.member.1.Type", "forward"),
        ("DefaultActions.member.1.TargetGroupArn", &group),
    ];
    ok(api.elb("CreateListener", &listener));
}

/// A service with a listener per receiver, from `PORT` on.
fn provide(api: &Api, receivers: &[(&str, Peer)]) -> String {
    let (vpc, subnet) = network(api, "10.1.0.0/16", "10.1.1.0/24");
    let members = [
        ("Name", "front"),
        ("Type", "network"),
        ("IpAddressType", "dualstack"),
        ("Subnets.member.1", subnet.as_str()),
    ];
    let balancer = ok(api.elb("CreateLoadBalancer", &members)).text("LoadBalancerArn").unwrap();
    for ((name, peer), port) in receivers.iter().zip(PORT..) {
        forward(api, (&vpc, &balancer), name, peer, port);
    }
    let members = [
        ("NetworkLoadBalancerArn.1", balancer.as_str()),
        ("AcceptanceRequired", "false"),
        ("SupportedIpAddressType.1", "ipv4"),
        ("SupportedIpAddressType.2", "ipv6"),
    ];
    let service = ok(api.ec2("CreateVpcEndpointServiceConfiguration", &members));
    let service = service.text("serviceId").unwrap();
    let members = [("ServiceId", service.as_str()), ("AddAllowedPrincipals.1", "*")];
    ok(api.ec2("ModifyVpcEndpointServicePermissions", &members));
    service
}

/// An endpoint that everybody may use: its IPv4 and its IPv6 address.
fn consume(api: &Api, service: &str) -> [IpAddr; 2] {
    let (vpc, subnet) = network(api, "10.2.0.0/16", "10.2.1.0/24");
    let filter = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc.as_str())];
    let group = ok(api.ec2("DescribeSecurityGroups", &filter)).text("groupId").unwrap();
    let everybody = [
        ("GroupId", group.as_str()),
        ("IpPermissions.1.IpProtocol", "-1"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "::/0"),
    ];
    ok(api.ec2("AuthorizeSecurityGroupIngress", &everybody));
    let name = format!("com.amazonaws.vpce.us-east-1.{service}");
    let members = [
        ("VpcEndpointType", "Interface"),
        ("IpAddressType", "dualstack"),
        ("VpcId", &vpc),
        ("ServiceName", &name),
        ("SubnetId.1", &subnet),
    ];
    let endpoint = ok(api.ec2("CreateVpcEndpoint", &members)).text("vpcEndpointId").unwrap();
    let of_it = [("VpcEndpointId.1", endpoint.as_str())];
    wait_until(PATIENCE, "an available endpoint", || {
        let described = ok(api.ec2("DescribeVpcEndpoints", &of_it));
        described.text("state").as_deref() == Some("available")
    });
    let described = ok(api.ec2("DescribeVpcEndpoints", &of_it));
    let items = described.texts("item").into_iter();
    let interface = items.flat_map(|it| it.rsplit_once("eni-").map(|(_, id)| format!("eni-{id}")));
    let interface = interface.last().unwrap();
    let interface = [("NetworkInterfaceId.1", interface.as_str())];
    let interface = ok(api.ec2("DescribeNetworkInterfaces", &interface));
    ["privateIpAddress", "ipv6Address"].map(|it| interface.text(it).unwrap().parse().unwrap())
}

/// Asks through the endpoint; what the receiver took the client for, and who it was.
fn ask(address: IpAddr, port: u16) -> std::io::Result<(Value, SocketAddr)> {
    let mut stream = client::connect(address, port)?;
    let client = stream.local_addr()?;
    stream.write_all(b"GET / HTTP/1.0\r\nHost: service\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    let told = serde_json::from_str(body).map_err(|_| std::io::Error::other(answer.clone()))?;
    Ok((told, client))
}

fn assert_told((told, client): &(Value, SocketAddr), name: &str, endpoint: (IpAddr, u16)) {
    assert_eq!(told["target"], name);
    assert_eq!(told["client"], client.ip().to_string(), "{told}");
    // Not all of them tell everything.
    for (key, expected) in [
        ("client_port", Value::from(client.port())),
        ("endpoint", Value::from(endpoint.0.to_string())),
        ("endpoint_port", Value::from(endpoint.1)),
    ] {
        assert!(told[key].is_null() || told[key] == expected, "{key} in {told} to {endpoint:?}");
    }
}

#[test]
#[ignore = "runs in a network namespace"]
fn inside() {
    let receivers = [
        ("haproxy", Peer::haproxy()),
        ("nginx", Peer::nginx()),
        ("apache", Peer::apache()),
        ("caddy", Peer::caddy()),
    ];
    let postern = Postern::start_with("addresses = \"freebind\"\nipv6_pool = \"fd00:6::/40\"\n");
    let service = provide(&postern.api(PROVIDER), &receivers);
    let addresses = consume(&postern.api(CONSUMER), &service);
    for ((name, _), port) in receivers.iter().zip(PORT..) {
        for address in addresses {
            wait_until(PATIENCE, &format!("an answer of {name}"), || ask(address, port).is_ok());
            assert_told(&ask(address, port).unwrap(), name, (address, port));
        }
    }
    let clients: Vec<_> = (0..CLIENTS)
        .map(|n| {
            thread::spawn(move || {
                let address = addresses[n % 2];
                for _ in 0..CONNECTIONS / CLIENTS {
                    assert_told(&ask(address, PORT).unwrap(), "haproxy", (address, PORT));
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
}
