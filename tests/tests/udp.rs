//! UDP from the stock AWS CLI to bytes: a real DNS server behind a UDP listener asked by `dig`, and
//! `iperf3 -u` through a TCP_UDP listener, whose control connection goes over TCP on the same port.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tests::{
    Aws, LoopbackNet, Postern,
    network::free_port,
    postern::{CONSUMER, PROVIDER, binary},
    tool, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(20);
/// What clients dial.
const DNS: u16 = 53;
const IPERF: u16 = 5201;

/// A program that is killed when this is dropped.
struct Program(Child);

impl Program {
    fn start(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(name);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap_or_else(|_| panic!("{name} is installed: make test-tools")))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// NSD with a zone of an address and a text too long for the smallest datagrams.
fn nsd(folder: &TempDir, port: u16) -> Program {
    let at = folder.path().display();
    let long: String = (0..12).map(|n| format!("\"{}\" ", format!("{n:x}").repeat(250))).collect();
    let zone = format!(
        "$ORIGIN example.\n@ 60 SOA ns host 1 60 60 60 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n\
         www 60 A 192.0.2.80\nlong 60 TXT {long}\n"
    );
    fs::write(folder.path().join("zone"), zone).unwrap();
    let conf = format!(
        "server:\n  ip-address: 127.0.0.1@{port}\n  username: \"\"\n  chroot: \"\"\n  \
         zonesdir: \"{at}\"\n  pidfile: \"{at}/pid\"\n  \
         database: \"\"\n  xfrdfile: \"{at}/xfrd\"\n  \
         zonelistfile: \"{at}/list\"\n  xfrdir: \"{at}\"\n  rrl-ratelimit: 0\n  \
         ipv4-edns-size: 4096\nremote-control:\n  control-enable: no\n\
         zone:\n  name: example\n  zonefile: zone\n"
    );
    let file = folder.path().join("nsd.conf");
    fs::write(&file, conf).unwrap();
    Program::start("/usr/sbin/nsd", &["-d", "-c", &file.display().to_string()])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// A VPC with one subnet.
fn network(aws: Aws, cidr: &str, subnet: &str) -> (String, String) {
    let vpc = aws.run(&format!("ec2 create-vpc --cidr-block {cidr}"));
    let vpc = text(&vpc["Vpc"]["VpcId"]);
    let subnet = aws.run(&format!(
        "ec2 create-subnet --vpc-id {vpc} --availability-zone us-east-1a --cidr-block {subnet}"
    ));
    (vpc, text(&subnet["Subnet"]["SubnetId"]))
}

/// A load balancer, and a service that any account may use.
fn provide(aws: Aws, groups: &[(&str, u16, u16)], health_port: u16) -> String {
    let (vpc, subnet) = network(aws, "10.1.0.0/16", "10.1.1.0/24");
    let lb = aws
        .run(&format!("elbv2 create-load-balancer --name front --type network --subnets {subnet}"));
    let lb = text(&lb["LoadBalancers"][0]["LoadBalancerArn"]);
    for (protocol, port, target) in groups {
        let name = protocol.replace('_', "-");
        let group = aws.run(&format!(
            "elbv2 create-target-group --name {name} --protocol {protocol} --port {target} \
             --target-type ip --vpc-id {vpc} --health-check-protocol TCP \
             --health-check-port {health_port} --health-check-interval-seconds 5 \
             --health-check-timeout-seconds 2"
        ));
        let group = text(&group["TargetGroups"][0]["TargetGroupArn"]);
        aws.run(&format!(
            "elbv2 register-targets --target-group-arn {group} \
             --targets Id=127.0.0.1,Port={target},AvailabilityZone=all"
        ));
        aws.run(&format!(
            "elbv2 create-listener --load-balancer-arn {lb} --protocol {protocol} --port {port} \
             --default-actions Type=forward,TargetGroupArn={group}"
        ));
    }
    let service = aws.run(&format!(
        "ec2 create-vpc-endpoint-service-configuration --no-acceptance-required \
         --network-load-balancer-arns {lb}"
    ));
    let service = text(&service["ServiceConfiguration"]["ServiceId"]);
    aws.run(&format!(
        "ec2 modify-vpc-endpoint-service-permissions --service-id {service} \
         --add-allowed-principals *"
    ));
    service
}

/// An available endpoint that admits this machine by rules for UDP's ports and one for TCP's: its
/// id and its address.
fn consume(aws: Aws, net: &LoopbackNet, service: &str) -> (String, IpAddr) {
    let (vpc, subnet) = network(aws, &net.cidr(), &net.subnet(1));
    let group =
        format!("ec2 create-security-group --group-name udp --description udp --vpc-id {vpc}");
    let group = text(&aws.run(&group)["GroupId"]);
    for (protocol, port) in [("udp", DNS), ("udp", IPERF), ("tcp", IPERF)] {
        aws.run(&format!(
            "ec2 authorize-security-group-ingress --group-id {group} --protocol {protocol} \
             --port {port} --cidr 127.0.0.0/8"
        ));
    }
    let endpoint = aws.run(&format!(
        "ec2 create-vpc-endpoint --vpc-endpoint-type Interface --vpc-id {vpc} \
         --service-name com.amazonaws.vpce.us-east-1.{service} --subnet-ids {subnet} \
         --security-group-ids {group}"
    ));
    let endpoint = text(&endpoint["VpcEndpoint"]["VpcEndpointId"]);
    let describe = format!("ec2 describe-vpc-endpoints --vpc-endpoint-ids {endpoint}");
    let described = || aws.run(&describe)["VpcEndpoints"][0].take();
    wait_until(PATIENCE, "an available endpoint", || described()["State"] == "available");
    let interface = text(&described()["NetworkInterfaceIds"][0]);
    let command = format!("ec2 describe-network-interfaces --network-interface-ids {interface}");
    let interface = aws.run(&command)["NetworkInterfaces"][0].take();
    (endpoint, text(&interface["PrivateIpAddress"]).parse().unwrap())
}

/// Sends 2 s of datagrams there, or back; packets, and those lost.
fn iperf(address: IpAddr, way: &[&str]) -> (u64, u64) {
    let output = Command::new("iperf3")
        .args(["-c", &address.to_string(), "-p", &IPERF.to_string(), "-u", "-J"])
        .args(["-b", "10M", "-l", "1200", "-t", "2", "--connect-timeout", "5000"])
        .args(way)
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sum = &told["end"]["sum"];
    let count = |name: &str| sum[name].as_u64().unwrap_or_else(|| panic!("{told}"));
    (count("packets"), count("lost_packets"))
}

/// What `postern explain` says of a port.
fn explained(postern: &Postern, endpoint: &str, port: u16) -> Value {
    let admin = postern.listening().admin.to_string();
    let output = Command::new(binary())
        .args(["explain", endpoint, "--port", &port.to_string(), "--json", "--admin", &admin])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_stock_cli_puts_a_dns_server_and_iperf_behind_an_endpoint() {
    let postern = Postern::start();
    let (folder, net) = (TempDir::new().unwrap(), LoopbackNet::claim());
    let [dns, iperf3] = [(); 2].map(|()| free_port(Ipv4Addr::LOCALHOST));
    let server = nsd(&folder, dns);
    let port = iperf3.to_string();
    let _iperf = Program::start("iperf3", &["-s", "-B", "127.0.0.1", "-p", &port]);
    let groups = [("UDP", DNS, dns), ("TCP_UDP", IPERF, iperf3)];
    let service = provide(postern.aws(PROVIDER), &groups, dns);
    let (endpoint, address) = consume(postern.aws(CONSUMER), &net, &service);

    let at = SocketAddr::new(address, DNS);
    assert_eq!(tool::dig(at, "www.example", "A"), ["192.0.2.80"]);
    let plain = ["+short", "+bufsize=4096", "+ignore"];
    let long = tool::dig_with(at, "long.example", "TXT", &plain);
    assert!(long.len() == 1 && long[0].len() > 3000, "{long:?}");
    for way in [&[][..], &["-R"]] {
        let (packets, lost) = iperf(address, way);
        assert!(packets > 1000 && lost * 20 < packets, "{lost} of {packets} lost, {way:?}");
    }

    let told = explained(&postern, &endpoint, IPERF);
    let paths = told["paths"].as_array().unwrap();
    let wires: Vec<_> = paths.iter().map(|it| (&it["wire"], &it["result"])).collect();
    assert_eq!(wires, [(&"tcp".into(), &"passes".into()), (&"udp".into(), &"passes".into())]);
    let labels = [endpoint.as_str()];
    wait_until(PATIENCE, "flows to be counted", || {
        postern.metric("postern_udp_flows_total", &labels) >= 4.0
    });
    assert!(postern.metric("postern_udp_datagrams_total", &labels) > 2000.0);

    // The server is gone: what ICMP says of that ends the flow.
    drop(server);
    wait_until(PATIENCE, "a refusal", || {
        Command::new("dig")
            .args([&format!("@{address}"), "www.example", "+time=1", "+tries=1"])
            .output()
            .unwrap();
        let refused = |line: &Value| line["fields"]["end"] == "target_refused";
        postern.access_lines().iter().any(refused)
    });
}
