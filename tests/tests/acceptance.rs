//! From an empty gateway to bytes, with the stock AWS CLI alone, and back: pending acceptance,
//! accept, reject, accept again, delete. Real HAProxy, real nginx and `postern target` read the
//! header.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::IpAddr,
    time::Duration,
};

use serde_json::Value;
use tests::{
    Aws, LoopbackNet, Postern, client,
    peer::Peer,
    postern::{CONSUMER, PROVIDER, STRANGER},
    tool, wait_for, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(10);
const PORT: u16 = 8080;

/// What the CLI built, and the CLIs.
struct Built {
    provider: Aws,
    consumer: Aws,
    service: String,
    endpoint: String,
}

impl Built {
    fn describe(&self) -> Value {
        let id = &self.endpoint;
        self.consumer.run(&format!("ec2 describe-vpc-endpoints --vpc-endpoint-ids {id}"))
            ["VpcEndpoints"][0]
            .take()
    }

    fn wait_state(&self, state: &str) -> Value {
        wait_for(PATIENCE, &format!("state {state}"), || {
            let endpoint = self.describe();
            (endpoint["State"] == state).then_some(endpoint)
        })
        .0
    }

    fn decide(&self, verb: &str) {
        let answer = self.provider.run(&format!(
            "ec2 {verb}-vpc-endpoint-connections --service-id {} --vpc-endpoint-ids {}",
            self.service, self.endpoint
        ));
        assert_eq!(answer["Unsuccessful"], serde_json::json!([]), "{answer}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

fn network(aws: Aws, cidr: &str, subnets: [String; 2]) -> (String, [String; 2]) {
    let vpc = text(&aws.run(&format!("ec2 create-vpc --cidr-block {cidr}"))["Vpc"]["VpcId"]);
    let [a, b] = subnets;
    let subnets = [(a, "us-east-1a"), (b, "us-east-1b")].map(|(cidr, zone)| {
        let command = format!(
            "ec2 create-subnet --vpc-id {vpc} --cidr-block {cidr} --availability-zone {zone}"
        );
        text(&aws.run(&command)["Subnet"]["SubnetId"])
    });
    (vpc, subnets)
}

/// The provider's side, up to the service: three targets behind one listener.
fn provide(aws: Aws, targets: &[&Peer]) -> (String, String) {
    let subnets = [1, 2].map(|n| format!("10.1.{n}.0/24"));
    let (vpc, [a, b]) = network(aws, "10.1.0.0/16", subnets);
    let lb = aws.run(&format!(
        "elbv2 create-load-balancer --name front --type network --scheme internal --subnets {a} {b}"
    ));
    let lb = text(&lb["LoadBalancers"][0]["LoadBalancerArn"]);
    let group = aws.run(&format!(
        "elbv2 create-target-group --name web --protocol TCP --port 80 --target-type ip \
         --vpc-id {vpc} --health-check-interval-seconds 5 --health-check-timeout-seconds 2"
    ));
    let group = text(&group["TargetGroups"][0]["TargetGroupArn"]);
    aws.run(&format!(
        "elbv2 modify-target-group-attributes --target-group-arn {group} \
         --attributes Key=proxy_protocol_v2.enabled,Value=true"
    ));
    let targets: String = targets
        .iter()
        .map(|peer| {
            format!(" Id={},Port={},AvailabilityZone=all", peer.addr.ip(), peer.addr.port())
        })
        .collect();
    aws.run(&format!("elbv2 register-targets --target-group-arn {group} --targets{targets}"));
    aws.run(&format!(
        "elbv2 create-listener --load-balancer-arn {lb} --protocol TCP --port {PORT} \
         --default-actions Type=forward,TargetGroupArn={group}"
    ));
    let service = aws.run(&format!(
        "ec2 create-vpc-endpoint-service-configuration --acceptance-required \
         --network-load-balancer-arns {lb}"
    ));
    (text(&service["ServiceConfiguration"]["ServiceId"]), group)
}

fn build(postern: &Postern, net: &LoopbackNet, targets: &[&Peer]) -> Built {
    let (provider, consumer) = (postern.aws(PROVIDER), postern.aws(CONSUMER));
    let (service, group) = provide(provider, targets);
    let name = format!("com.amazonaws.vpce.us-east-1.{service}");
    let (vpc, [a, b]) = network(consumer, &net.cidr(), [net.subnet(1), net.subnet(2)]);
    let create = format!(
        "ec2 create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id {vpc} \
         --service-name {name} --subnet-ids {a} {b}"
    );
    let refused = consumer.try_run(&create).unwrap_err();
    assert_eq!(refused.code, "InvalidServiceName", "not permitted looks like not existing");
    provider.run(&format!(
        "ec2 modify-vpc-endpoint-service-permissions --service-id {service} \
         --add-allowed-principals arn:aws:iam::222222222222:root"
    ));
    let endpoint = consumer.run(&create)["VpcEndpoint"].take();
    assert_eq!(endpoint["State"], "pendingAcceptance");
    wait_until(PATIENCE, "healthy targets", || {
        let health = format!("elbv2 describe-target-health --target-group-arn {group}");
        let health = provider.run(&health)["TargetHealthDescriptions"].take();
        health.as_array().unwrap().iter().all(|target| target["TargetHealth"]["State"] == "healthy")
    });
    Built { provider, consumer, service, endpoint: text(&endpoint["VpcEndpointId"]) }
}

/// The addresses of the endpoint's interfaces, as the API tells them.
fn interface_addresses(built: &Built) -> Vec<IpAddr> {
    let ids: Vec<String> =
        built.describe()["NetworkInterfaceIds"].as_array().unwrap().iter().map(text).collect();
    let interfaces = built
        .consumer
        .run(&format!("ec2 describe-network-interfaces --network-interface-ids {}", ids.join(" ")));
    let interfaces = interfaces["NetworkInterfaces"].as_array().unwrap();
    let mut addresses: Vec<IpAddr> = interfaces
        .iter()
        .map(|interface| interface["PrivateIpAddress"].as_str().unwrap().parse().unwrap())
        .collect();
    addresses.sort();
    addresses
}

/// Fetches until each target has answered, and checks what each one saw.
fn each_target_sees_the_client(client: IpAddr, name: &str, address: IpAddr, endpoint: &str) {
    let mut seen: BTreeMap<String, Value> = BTreeMap::new();
    for _ in 0..200 {
        let answer = tool::fetch_from(client, name, address, PORT).unwrap();
        seen.insert(text(&answer["target"]), answer);
        if seen.len() == 3 {
            break;
        }
    }
    let targets: BTreeSet<&str> = seen.keys().map(String::as_str).collect();
    assert_eq!(targets, BTreeSet::from(["haproxy", "nginx", "whoami"]));
    for target in ["haproxy", "nginx"] {
        let answer = &seen[target];
        assert_eq!(answer["client"], client.to_string(), "{answer}");
        assert_eq!(answer["endpoint"], address.to_string(), "{answer}");
        assert_eq!(answer["endpoint_port"], PORT, "{answer}");
    }
    let whoami = &seen["whoami"];
    assert_eq!(whoami["endpoint_id"], endpoint, "{whoami}");
    assert_eq!(whoami["endpoint_address"], format!("{address}:{PORT}"), "{whoami}");
    assert!(text(&whoami["client"]).starts_with(&format!("{client}:")), "{whoami}");
}

#[test]
fn the_stock_cli_builds_accepts_rejects_and_deletes_an_endpoint() {
    let postern = Postern::start();
    let net = LoopbackNet::claim();
    let targets = [Peer::haproxy(), Peer::nginx(), Peer::postern("whoami", "whoami")];
    let built = build(&postern, &net, &targets.each_ref());
    let addresses = interface_addresses(&built);
    assert_eq!(addresses.len(), 2);
    for address in &addresses {
        assert!(client::is_refused(*address, PORT), "no traffic before acceptance");
    }

    built.decide("accept");
    let endpoint = built.wait_state("available");
    let name = text(&endpoint["DnsEntries"][0]["DnsName"]);
    let dns = postern.listening().dns;
    assert_eq!(tool::resolve(dns, &name), addresses, "the Regional name has both zones");
    let client = net.address(9, 9).into();
    for address in &addresses {
        each_target_sees_the_client(client, &name, *address, &built.endpoint);
    }
    every_dns_entry_resolves(&endpoint, dns);
    others_see_nothing(&postern, &built);

    // Reject cuts what lives and refuses what is new.
    let mut live = client::connect(addresses[0], PORT).unwrap();
    live.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").unwrap();
    built.decide("reject");
    assert_eq!(built.describe()["State"], "rejected");
    let cut = live.read(&mut [0; 1]).unwrap_err();
    assert_eq!(cut.kind(), std::io::ErrorKind::ConnectionReset, "{cut}");
    for address in &addresses {
        wait_until(PATIENCE, "refusal", || client::is_refused(*address, PORT));
    }

    built.decide("accept");
    built.wait_state("available");
    assert_eq!(interface_addresses(&built), addresses, "addresses never change");
    tool::fetch(&name, addresses[1], PORT).unwrap();

    delete(&built, dns, &name, &addresses);
}

fn every_dns_entry_resolves(endpoint: &Value, dns: std::net::SocketAddr) {
    let entries = endpoint["DnsEntries"].as_array().unwrap();
    assert_eq!(entries.len(), 3, "regional and two zonal: {entries:?}");
    for entry in &entries[1..] {
        assert_eq!(tool::resolve(dns, entry["DnsName"].as_str().unwrap()).len(), 1, "{entry}");
    }
}

fn others_see_nothing(postern: &Postern, built: &Built) {
    let stranger = postern.aws(STRANGER);
    let endpoints = stranger.run("ec2 describe-vpc-endpoints");
    assert_eq!(endpoints["VpcEndpoints"], serde_json::json!([]));
    let describe = format!("ec2 describe-vpc-endpoints --vpc-endpoint-ids {}", built.endpoint);
    assert_eq!(stranger.try_run(&describe).unwrap_err().code, "InvalidVpcEndpointId.NotFound");
    let connections = built.provider.run("ec2 describe-vpc-endpoint-connections");
    assert_eq!(connections["VpcEndpointConnections"][0]["VpcEndpointId"], built.endpoint);
    assert_eq!(connections["VpcEndpointConnections"][0]["VpcEndpointOwner"], "222222222222");
}

fn delete(built: &Built, dns: std::net::SocketAddr, name: &str, addresses: &[IpAddr]) {
    let delete = format!("ec2 delete-vpc-endpoints --vpc-endpoint-ids {}", built.endpoint);
    assert_eq!(built.consumer.run(&delete)["Unsuccessful"], serde_json::json!([]));
    wait_until(Duration::from_secs(1), "the name to be gone", || {
        tool::dns_status(dns, name, "A") == "NXDOMAIN"
    });
    for address in addresses {
        wait_until(PATIENCE, "refusal", || client::is_refused(*address, PORT));
    }
    let interfaces = built.consumer.run("ec2 describe-network-interfaces");
    assert_eq!(interfaces["NetworkInterfaces"], serde_json::json!([]));
    let again = built.provider.run(&format!(
        "ec2 delete-vpc-endpoint-service-configurations --service-ids {}",
        built.service
    ));
    assert_eq!(again["Unsuccessful"], serde_json::json!([]));
}
