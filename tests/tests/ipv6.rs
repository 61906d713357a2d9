//! IPv6 from the stock AWS CLI to bytes: blocks of a pool, dualstack and IPv6-only endpoints, AAAA
//! records, PROXY headers and rules. Runs in a network namespace of its own, where every address of
//! the consumer's blocks is local.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    net::{IpAddr, Ipv6Addr},
    process::Command,
    time::Duration,
};

use serde_json::Value;
use tests::{
    Aws, Postern, network,
    peer::Peer,
    postern::{CONSUMER, PROVIDER},
    tool, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(10);
const PORT: u16 = 8080;

#[test]
fn the_stock_cli_builds_endpoints_with_ipv6_addresses() {
    network::run_ignored_in_a_namespace();
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Has the machine answer for a whole network.
fn route(network: &str) {
    let output =
        Command::new("ip").args(["route", "add", "local", network, "dev", "lo"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A VPC with a block of the pool; its id, and the block.
fn network(aws: Aws, cidr: &str) -> (String, Ipv6Addr) {
    let command = format!("ec2 create-vpc --cidr-block {cidr} --amazon-provided-ipv6-cidr-block");
    let vpc = aws.run(&command)["Vpc"].take();
    let block = text(&vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]);
    let network = block.strip_suffix("/56").unwrap_or_else(|| panic!("{block}"));
    (text(&vpc["VpcId"]), network.parse().unwrap())
}

/// The `n`th /64 of a block.
fn part(block: Ipv6Addr, n: u16) -> String {
    let mut segments = block.segments();
    segments[3] |= n;
    format!("{}/64", Ipv6Addr::from(segments))
}

fn subnet(aws: Aws, vpc: &str, zone: &str, blocks: &str) -> String {
    let command =
        format!("ec2 create-subnet --vpc-id {vpc} --availability-zone us-east-1{zone} {blocks}");
    text(&aws.run(&command)["Subnet"]["SubnetId"])
}

/// A dualstack load balancer in two zones, and a service of both address types.
fn provide(aws: Aws, target: &Peer) -> String {
    let (vpc, block) = network(aws, "10.1.0.0/16");
    let blocks = |n| format!("--cidr-block 10.1.{n}.0/24 --ipv6-cidr-block {}", part(block, n));
    let (a, b) = (subnet(aws, &vpc, "a", &blocks(1)), subnet(aws, &vpc, "b", &blocks(2)));
    let lb = aws.run(&format!(
        "elbv2 create-load-balancer --name front --type network --ip-address-type dualstack \
         --subnets {a} {b}"
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
    let (ip, port) = (target.addr.ip(), target.addr.port());
    aws.run(&format!(
        "elbv2 register-targets --target-group-arn {group} \
         --targets Id={ip},Port={port},AvailabilityZone=all"
    ));
    aws.run(&format!(
        "elbv2 create-listener --load-balancer-arn {lb} --protocol TCP --port {PORT} \
         --default-actions Type=forward,TargetGroupArn={group}"
    ));
    let service = aws.run(&format!(
        "ec2 create-vpc-endpoint-service-configuration --no-acceptance-required \
         --network-load-balancer-arns {lb} --supported-ip-address-types ipv4 ipv6"
    ));
    let service = text(&service["ServiceConfiguration"]["ServiceId"]);
    aws.run(&format!(
        "ec2 modify-vpc-endpoint-service-permissions --service-id {service} \
         --add-allowed-principals *"
    ));
    service
}

fn describe(aws: Aws, endpoint: &str) -> Value {
    let command = format!("ec2 describe-vpc-endpoints --vpc-endpoint-ids {endpoint}");
    aws.run(&command)["VpcEndpoints"][0].take()
}

/// An endpoint, when it is available: its id and its Regional name.
fn endpoint(aws: Aws, create: &str) -> (String, String) {
    let made = aws.run(&format!("ec2 create-vpc-endpoint --vpc-endpoint-type Interface {create}"));
    let id = text(&made["VpcEndpoint"]["VpcEndpointId"]);
    wait_until(PATIENCE, "an available endpoint", || describe(aws, &id)["State"] == "available");
    (id, text(&made["VpcEndpoint"]["DnsEntries"][0]["DnsName"]))
}

/// The IPv4 and the IPv6 address of an endpoint's one interface.
fn addresses(aws: Aws, endpoint: &str) -> [Option<IpAddr>; 2] {
    let interface = text(&describe(aws, endpoint)["NetworkInterfaceIds"][0]);
    let command = format!("ec2 describe-network-interfaces --network-interface-ids {interface}");
    let interface = aws.run(&command)["NetworkInterfaces"][0].take();
    let parse = |value: &Value| value.as_str().map(|text| text.parse().unwrap());
    [parse(&interface["PrivateIpAddress"]), parse(&interface["Ipv6Addresses"][0]["Ipv6Address"])]
}

fn aaaa(postern: &Postern, name: &str) -> Vec<IpAddr> {
    let lines = tool::dig(postern.listening().dns, name, "AAAA");
    lines.iter().filter_map(|line| line.parse().ok()).collect()
}

#[test]
#[ignore = "runs in a network namespace"]
fn inside() {
    let postern = Postern::start_with("addresses = \"freebind\"\nipv6_pool = \"fd00:6::/40\"\n");
    let (provider, consumer) = (postern.aws(PROVIDER), postern.aws(CONSUMER));
    let target = Peer::postern("whoami", "one");
    let service = provide(provider, &target);
    let name = format!("com.amazonaws.vpce.us-east-1.{service}");
    let (vpc, block) = network(consumer, "10.2.0.0/16");
    route("10.2.0.0/16");
    route(&format!("{block}/56"));
    let both = format!("--cidr-block 10.2.1.0/24 --ipv6-cidr-block {}", part(block, 1));
    let both = subnet(consumer, &vpc, "a", &both);
    let native = format!("--ipv6-native --ipv6-cidr-block {}", part(block, 2));
    let native = subnet(consumer, &vpc, "b", &native);
    let of = |subnet: &str, more: &str| {
        format!("--vpc-id {vpc} --service-name {name} --subnet-ids {subnet} {more}")
    };

    let group =
        format!("ec2 create-security-group --group-name web --description web --vpc-id {vpc}");
    let group = text(&consumer.run(&group)["GroupId"]);
    let more = format!("--ip-address-type dualstack --security-group-ids {group}");
    let (dual, dual_name) = endpoint(consumer, &of(&both, &more));
    let [ipv4, ipv6] = addresses(consumer, &dual).map(Option::unwrap);
    assert_eq!(tool::resolve(postern.listening().dns, &dual_name), [ipv4]);
    assert_eq!(aaaa(&postern, &dual_name), [ipv6]);
    assert!(tool::fetch(&dual_name, ipv6, PORT).is_err(), "the group has no rule yet");
    consumer.run(&format!(
        "ec2 authorize-security-group-ingress --group-id {group} --ip-permissions \
         IpProtocol=-1,Ipv6Ranges=[{{CidrIpv6=::1/128}}],IpRanges=[{{CidrIp=10.2.0.0/16}}]"
    ));
    wait_until(PATIENCE, "the rule", || tool::fetch(&dual_name, ipv6, PORT).is_ok());
    let answer = tool::fetch_from(ipv4, &dual_name, ipv4, PORT).unwrap();
    assert_eq!(answer["endpoint_address"], format!("{ipv4}:{PORT}"));
    let answer = tool::fetch(&dual_name, ipv6, PORT).unwrap();
    assert_eq!(answer["endpoint_address"], format!("[{ipv6}]:{PORT}"));
    assert!(text(&answer["client"]).starts_with("[::1]:"), "{answer}");

    let (single, single_name) = endpoint(consumer, &of(&native, "--ip-address-type ipv6"));
    let [none, ipv6] = addresses(consumer, &single);
    assert_eq!(none, None);
    assert_eq!(aaaa(&postern, &single_name), [ipv6.unwrap()]);
    assert_eq!(tool::resolve(postern.listening().dns, &single_name), [] as [IpAddr; 0]);
    assert!(tool::fetch(&single_name, ipv6.unwrap(), PORT).is_ok());

    consumer
        .run(&format!("ec2 modify-vpc-endpoint --vpc-endpoint-id {dual} --ip-address-type ipv4"));
    wait_until(PATIENCE, "no AAAA record", || aaaa(&postern, &dual_name).is_empty());
    assert_eq!(addresses(consumer, &dual), [Some(ipv4), None]);
    wait_until(PATIENCE, "IPv4", || tool::fetch_from(ipv4, &dual_name, ipv4, PORT).is_ok());
}
