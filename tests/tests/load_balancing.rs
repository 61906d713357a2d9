//! What a provider tells a load balancer with the stock AWS CLI, and what clients see of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    process::Command,
    time::Duration,
};

use serde_json::Value;
use socket2::{Domain, SockAddr, Socket, Type};
use tests::{
    Postern, Topology,
    aws::Aws,
    client,
    peer::Peer,
    postern::{PROVIDER, binary},
    tool,
    topology::{Options, PORT, ZONES},
    wait_until,
};

/// A probe, its snapshot, and room for a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text in {value}")).to_owned()
}

/// The value of an attribute in an answer.
fn attribute(answer: &Value, key: &str) -> String {
    let attributes = answer["Attributes"].as_array().unwrap();
    let found = attributes.iter().find(|it| it["Key"] == key);
    text(&found.unwrap_or_else(|| panic!("no {key} in {answer}"))["Value"])
}

#[test]
fn a_zonal_shift_takes_a_zone_out_of_dns_until_it_is_canceled() {
    let postern = Postern::start();
    let targets = ["one", "two"].map(|name| Peer::postern("whoami", name));
    let registered = [0, 1].map(|i: usize| (targets[i].addr.to_string(), ZONES[i]));
    let topology = Topology::build(&postern, &registered, Options::default());
    topology.wait_healthy(2, PATIENCE);
    let dns = postern.listening().dns;
    let [a, b] = topology.addresses(&postern);
    let regional = || tool::resolve(dns, &topology.regional_name);
    wait_until(PATIENCE, "both zones in DNS", || regional().len() == 2);

    let (aws, lb) = (postern.aws(PROVIDER), &topology.load_balancer);
    let start = format!(
        "arc-zonal-shift start-zonal-shift --resource-identifier {lb} --away-from use1-az1 \
         --expires-in 1h --comment drill"
    );
    let refused = aws.try_run(&start).unwrap_err();
    assert_eq!(refused.code, "ResourceNotFoundException", "{}", refused.message);
    aws.run(&format!(
        "elbv2 modify-load-balancer-attributes --load-balancer-arn {lb} \
         --attributes Key=zonal_shift.config.enabled,Value=true"
    ));
    let shift = aws.run(&start);
    assert_eq!(shift["status"], "ACTIVE");
    wait_until(PATIENCE, "the zone to leave", || regional() == [b]);
    assert_eq!(tool::resolve(dns, &topology.zonal_name(ZONES[0])), [a]);
    assert_eq!(aws.try_run(&start).unwrap_err().code, "ConflictException");
    let managed =
        aws.run(&format!("arc-zonal-shift get-managed-resource --resource-identifier {lb}"));
    assert_eq!(managed["appliedWeights"]["use1-az1"], 0.0);
    let listed = aws.run("arc-zonal-shift list-managed-resources");
    assert_eq!(listed["items"][0]["arn"], lb.as_str());

    let id = text(&shift["zonalShiftId"]);
    let longer = aws.run(&format!(
        "arc-zonal-shift update-zonal-shift --zonal-shift-id {id} --expires-in 2h --comment longer"
    ));
    assert_eq!(longer["comment"], "longer");
    aws.run(&format!("arc-zonal-shift cancel-zonal-shift --zonal-shift-id {id}"));
    wait_until(PATIENCE, "the zone to come back", || regional().len() == 2);
    let listed = aws.run("arc-zonal-shift list-zonal-shifts --status CANCELED");
    assert_eq!(listed["items"][0]["zonalShiftId"], id.as_str());
}

/// A network with a subnet.
fn network(aws: Aws) -> (String, String) {
    let vpc = text(&aws.run("ec2 create-vpc --cidr-block 10.7.0.0/16")["Vpc"]["VpcId"]);
    let subnet = aws.run(&format!(
        "ec2 create-subnet --vpc-id {vpc} --cidr-block 10.7.1.0/24 --availability-zone {}",
        ZONES[0]
    ));
    (vpc, text(&subnet["Subnet"]["SubnetId"]))
}

#[test]
fn the_cli_makes_udp_listeners_and_changes_attributes_beyond_aws() {
    let postern = Postern::start();
    let aws = postern.aws(PROVIDER);
    let (vpc, subnet) = network(aws);
    let lb = aws
        .run(&format!("elbv2 create-load-balancer --name many --type network --subnets {subnet}"));
    let lb = text(&lb["LoadBalancers"][0]["LoadBalancerArn"]);
    let group = aws.run(&format!(
        "elbv2 create-target-group --name names --protocol UDP --port 53 --target-type ip \
         --vpc-id {vpc} --health-check-protocol HTTP --health-check-path /up \
         --matcher HttpCode=200-299"
    ));
    let group = &group["TargetGroups"][0];
    assert_eq!(group["Matcher"]["HttpCode"], "200-299");
    assert_eq!(group["HealthCheckTimeoutSeconds"], 6);
    let group = text(&group["TargetGroupArn"]);
    let modify = |attributes: &str| {
        aws.try_run(&format!(
            "elbv2 modify-target-group-attributes --target-group-arn {group} \
             --attributes {attributes}"
        ))
    };
    let changed = modify(
        "Key=load_balancing.algorithm.type,Value=least_connections \
         Key=slow_start.duration_seconds,Value=30 \
         Key=postern.proxy_protocol_v2.endpoint_field,Value=gcp",
    )
    .unwrap();
    assert_eq!(attribute(&changed, "load_balancing.algorithm.type"), "least_connections");
    assert_eq!(attribute(&changed, "slow_start.duration_seconds"), "30");
    assert_eq!(attribute(&changed, "preserve_client_ip.enabled"), "true");
    let refused = modify("Key=preserve_client_ip.enabled,Value=false").unwrap_err();
    assert_eq!(refused.code, "InvalidConfigurationRequest", "{}", refused.message);

    let listen = |protocol: &str| {
        aws.try_run(&format!(
            "elbv2 create-listener --load-balancer-arn {lb} --protocol {protocol} --port 53 \
             --default-actions Type=forward,TargetGroupArn={group}"
        ))
    };
    assert_eq!(listen("TCP").unwrap_err().code, "IncompatibleProtocols");
    let listener = listen("UDP").unwrap();
    let listener = text(&listener["Listeners"][0]["ListenerArn"]);
    let attributes =
        aws.run(&format!("elbv2 describe-listener-attributes --listener-arn {listener}"));
    let switch = attribute(&attributes, "postern.proxy_protocol_v2.enabled");
    assert_eq!(switch, "use_target_group_configuration");
    let certificates =
        aws.run(&format!("elbv2 describe-listener-certificates --listener-arn {listener}"));
    assert_eq!(certificates["Certificates"].as_array().map(Vec::len), Some(0));
    let policies = aws.run("elbv2 describe-ssl-policies --load-balancer-type network");
    assert!(policies["SslPolicies"].as_array().is_some_and(|it| !it.is_empty()));
    let limits = aws.run("elbv2 describe-account-limits");
    assert!(limits["Limits"].as_array().is_some_and(|it| !it.is_empty()));
    let set = aws.run(&format!("elbv2 set-subnets --load-balancer-arn {lb} --subnets {subnet}"));
    assert_eq!(set["AvailabilityZones"][0]["SubnetId"], subnet.as_str());
}

/// What the provider's CLI is told, without `--load-balancer-arn` and its like being repeated.
struct Provider<'a> {
    aws: Aws,
    topology: &'a Topology,
}

impl Provider<'_> {
    fn set_load_balancer(&self, attribute: &str, value: &str) {
        self.aws.run(&format!(
            "elbv2 modify-load-balancer-attributes --load-balancer-arn {} \
             --attributes Key={attribute},Value={value}",
            self.topology.load_balancer
        ));
    }

    fn set_group(&self, group: &str, attribute: &str, value: &str) {
        self.aws.run(&format!(
            "elbv2 modify-target-group-attributes --target-group-arn {group} \
             --attributes Key={attribute},Value={value}"
        ));
    }

    /// A further group of the provider's, with one target.
    fn group(&self, name: &str, target: SocketAddr, zone: &str) -> String {
        let first = &self.topology.target_group;
        let first =
            self.aws.run(&format!("elbv2 describe-target-groups --target-group-arns {first}"));
        let vpc = text(&first["TargetGroups"][0]["VpcId"]);
        let group = self.aws.run(&format!(
            "elbv2 create-target-group --name {name} --protocol TCP --port 80 --target-type ip \
             --vpc-id {vpc} --health-check-interval-seconds 5 --health-check-timeout-seconds 2"
        ));
        let group = text(&group["TargetGroups"][0]["TargetGroupArn"]);
        self.aws.run(&format!(
            "elbv2 register-targets --target-group-arn {group} \
             --targets Id={},Port={},AvailabilityZone={zone}",
            target.ip(),
            target.port()
        ));
        group
    }

    /// The one listener forwards to two groups.
    fn forward(&self, listener: &str, groups: [(&str, u16); 2]) {
        let [(first, some), (second, others)] = groups;
        self.aws.run(&format!(
            "elbv2 modify-listener --listener-arn {listener} --default-actions \
             Type=forward,ForwardConfig={{TargetGroups=[{{TargetGroupArn={first},Weight={some}}},\
             {{TargetGroupArn={second},Weight={others}}}]}}"
        ));
    }

    fn listener(&self) -> String {
        let listeners = self.aws.run(&format!(
            "elbv2 describe-listeners --load-balancer-arn {}",
            self.topology.load_balancer
        ));
        text(&listeners["Listeners"][0]["ListenerArn"])
    }

    /// State and reason of a group's targets, by port.
    fn health(&self, group: &str, more: &str) -> BTreeMap<u64, (String, String)> {
        let answer = self
            .aws
            .run(&format!("elbv2 describe-target-health --target-group-arn {group} {more}"));
        let one = |it: &Value| {
            let (id, health) = (&it["Target"], &it["TargetHealth"]);
            let reason = health["Reason"].as_str().unwrap_or_default().to_owned();
            (id["Port"].as_u64().unwrap(), (text(&health["State"]), reason))
        };
        answer["TargetHealthDescriptions"].as_array().unwrap().iter().map(one).collect()
    }
}

/// Which targets answer this many connections to an address from each of some clients.
fn counts(address: IpAddr, clients: &[IpAddr], times: usize) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    let turns = clients.iter().flat_map(|client| std::iter::repeat_n(client, times));
    for client in turns {
        let answer = tool::fetch_from(*client, "service.test", address, PORT).unwrap();
        *seen.entry(text(&answer["target"])).or_default() += 1;
    }
    seen
}

fn names(counts: &BTreeMap<String, usize>) -> Vec<&str> {
    counts.keys().map(String::as_str).collect()
}

/// What a client is told of a name.
fn resolve_from(postern: &Postern, client: IpAddr, name: &str) -> Vec<IpAddr> {
    let options = ["+short", "-b", &client.to_string()];
    let lines = tool::dig_with(postern.listening().dns, name, "A", &options);
    let mut addresses: Vec<_> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    addresses.sort();
    addresses
}

#[test]
fn attributes_and_weights_decide_where_clients_go() {
    let postern = Postern::start();
    let targets = ["one", "two"].map(|name| Peer::postern("whoami", name));
    let registered = [0, 1].map(|i: usize| (targets[i].addr.to_string(), ZONES[i]));
    let options = Options { proxy_protocol: false, ..Options::default() };
    let topology = Topology::build(&postern, &registered, options);
    topology.wait_healthy(2, PATIENCE);
    let provider = Provider { aws: postern.aws(PROVIDER), topology: &topology };
    let [a, b] = topology.addresses(&postern);
    let client = |zone, host| IpAddr::from(topology.net.address(zone, host));
    let clients: Vec<_> = (200..220).map(|host| client(1, host)).collect();

    // Across zones only if that is switched on: by the load balancer, and then off by the group.
    assert_eq!(names(&counts(a, &clients, 1)), ["one"]);
    provider.set_load_balancer("load_balancing.cross_zone.enabled", "true");
    wait_until(PATIENCE, "the other zone's target", || counts(a, &clients, 1).len() == 2);
    provider.set_group(&topology.target_group, "load_balancing.cross_zone.enabled", "false");
    wait_until(PATIENCE, "the own zone's target", || counts(b, &clients, 1).len() == 1);
    assert_eq!(names(&counts(b, &clients, 1)), ["two"]);
    let inherit = "use_load_balancer_configuration";
    provider.set_group(&topology.target_group, "load_balancing.cross_zone.enabled", inherit);
    wait_until(PATIENCE, "both again", || counts(b, &clients, 1).len() == 2);

    // One client, one target; many clients, many targets.
    provider.set_group(&topology.target_group, "stickiness.enabled", "true");
    wait_until(PATIENCE, "clients to stick", || counts(a, &clients[..1], 30).len() == 1);
    for client in &clients[..5] {
        assert_eq!(counts(a, &[*client], 10).len(), 1, "{client}");
    }
    assert_eq!(names(&counts(a, &clients, 1)), ["one", "two"]);
    provider.set_group(&topology.target_group, "stickiness.enabled", "false");

    // Clients are told the address of their own zone.
    let name = &topology.regional_name;
    let (near_a, near_b) = (client(1, 9), client(2, 9));
    assert_eq!(resolve_from(&postern, near_a, name), [a, b]);
    provider.set_load_balancer("dns_record.client_routing_policy", "availability_zone_affinity");
    wait_until(PATIENCE, "affinity", || resolve_from(&postern, near_a, name) == [a]);
    assert_eq!(resolve_from(&postern, near_b, name), [b]);
    assert_eq!(tool::resolve(postern.listening().dns, name), [a, b]);
    let partial = "partial_availability_zone_affinity";
    provider.set_load_balancer("dns_record.client_routing_policy", partial);
    let is_told_both = || resolve_from(&postern, near_a, name).len() == 2;
    wait_until(PATIENCE, "partial affinity", is_told_both);
    let near = (0..100).filter(|_| resolve_from(&postern, near_b, name) == [b]).count();
    assert!((65..100).contains(&near), "{near} of 100 answers name the own zone alone");

    // Weights share the connections.
    let third = Peer::postern("whoami", "three");
    let (listener, group) = (provider.listener(), provider.group("third", third.addr, "all"));
    assert_eq!(provider.health(&group, "")[&third.addr.port().into()].1, "Target.NotInUse");
    provider.forward(&listener, [(&topology.target_group, 1), (&group, 3)]);
    let is_healthy = || provider.health(&group, "")[&third.addr.port().into()].0 == "healthy";
    wait_until(PATIENCE, "the third to be healthy", is_healthy);
    wait_until(PATIENCE, "the third's share", || counts(a, &clients, 1).contains_key("three"));
    let seen = counts(a, &clients, 20);
    // 300 of 400 are expected, and seven standard deviations are 61.
    assert!((239..=361).contains(&seen["three"]), "{seen:?}");
    provider.forward(&listener, [(&topology.target_group, 0), (&group, 1)]);
    wait_until(PATIENCE, "all to the third", || names(&counts(a, &clients, 1)) == ["three"]);
}

#[test]
fn targets_have_a_state_and_a_reason_at_each_time() {
    let postern = Postern::start();
    let mut targets = ["one", "two", "three"].map(|name| Peer::postern("echo", name));
    let registered = [0, 1].map(|i: usize| (targets[i].addr.to_string(), ZONES[i]));
    let options = Options { proxy_protocol: false, ..Options::default() };
    let topology = Topology::build(&postern, &registered, options);
    topology.wait_healthy(2, PATIENCE);
    let provider = Provider { aws: postern.aws(PROVIDER), topology: &topology };
    let group = &topology.target_group;
    let ports = [0, 1, 2].map(|i: usize| u64::from(targets[i].addr.port()));
    let of = |port: u64| provider.health(group, "")[&port].clone();
    let is = |port: u64, state: &str, reason: &str| of(port) == (state.into(), reason.into());

    targets[0].kill();
    let failed = || is(ports[0], "unhealthy", "Target.FailedHealthChecks");
    wait_until(PATIENCE, "a refusing target to fail", failed);
    assert!(is(ports[1], "healthy", ""));
    let targeted = |operation: &str, port: u64, more: &str| {
        provider.aws.run(&format!(
            "elbv2 {operation} --target-group-arn {group} \
             --targets Id=127.0.0.1,Port={port}{more}"
        ))
    };
    // A queue that takes no more answers nobody.
    let silent = Silent::listen();
    targeted("register-targets", silent.port.into(), ",AvailabilityZone=all");
    let (state, reason) = of(silent.port.into());
    let fresh = ["Elb.RegistrationInProgress", "Elb.InitialHealthChecking"];
    assert!(state == "initial" && fresh.contains(&&*reason), "{state} {reason}");
    let timed_out = || is(silent.port.into(), "unhealthy", "Target.Timeout");
    wait_until(PATIENCE, "a silent target to time out", timed_out);

    // A connection outlives its target's registration, until the delay is over.
    let [_, b] = topology.addresses(&postern);
    provider.set_group(group, "deregistration_delay.timeout_seconds", "5");
    let terminate = "deregistration_delay.connection_termination.enabled";
    provider.set_group(group, terminate, "true");
    let mut open = client::connect(b, PORT).unwrap();
    assert!(echoes(&mut open));
    targeted("register-targets", ports[2], &format!(",AvailabilityZone={}", ZONES[1]));
    wait_until(PATIENCE, "the third to be healthy", || is(ports[2], "healthy", ""));
    targeted("deregister-targets", ports[1], "");
    assert!(is(ports[1], "draining", "Target.DeregistrationInProgress"));
    assert!(echoes(&mut open));
    wait_until(PATIENCE, "the end of the delay", || !echoes(&mut open));
    let all = || provider.health(group, "");
    wait_until(PATIENCE, "the target to leave", || !all().contains_key(&ports[1]));
    let asked = format!("--targets Id=127.0.0.1,Port={}", ports[1]);
    assert_eq!(
        provider.health(group, &asked)[&ports[1]],
        ("unused".into(), "Target.NotRegistered".into())
    );
    let mut again = client::connect(b, PORT).unwrap();
    assert!(echoes(&mut again));
}

#[test]
fn a_tag_of_the_service_limits_each_endpoint() {
    let postern = Postern::start();
    let target = Peer::postern("echo", "one");
    let options = Options { proxy_protocol: false, ..Options::default() };
    let topology = Topology::build(&postern, &[(target.addr.to_string(), "all")], options);
    topology.wait_healthy(1, PATIENCE);
    let [a, b] = topology.addresses(&postern);
    let aws = postern.aws(PROVIDER);
    let tag = |value: &str| {
        aws.try_run(&format!(
            "ec2 create-tags --resources {} --tags Key=postern:endpoint-connections,Value={value}",
            topology.service
        ))
    };
    let refused = tag("few").unwrap_err();
    assert_eq!(refused.code, "InvalidParameterValue", "{}", refused.message);
    tag("2").unwrap();

    let mut held = Vec::new();
    let is_let_in = |address: IpAddr| {
        let mut stream = client::connect(address, PORT).ok()?;
        echoes(&mut stream).then_some(stream)
    };
    wait_until(PATIENCE, "the limit to be reached", || match is_let_in(a) {
        Some(stream) => {
            held.push(stream);
            // Whatever came before the limit was known goes away again.
            if held.len() > 2 {
                held.clear();
            }
            false
        }
        None => held.len() == 2,
    });
    // The limit is the endpoint's, not its interface's.
    assert!(is_let_in(b).is_none());
    let labels = [topology.endpoint.as_str(), "reason=\"endpoint_connections\""];
    let counted = || postern.metric("postern_connections_refused_total", &labels) >= 2.0;
    wait_until(PATIENCE, "refusals to be counted", counted);
    let told = explained(&postern, b);
    assert!(told.contains("may have 2 connections (endpoint_connections)"), "{told}");
    held.pop();
    wait_until(PATIENCE, "room for another", || is_let_in(b).is_some());

    let untag = format!(
        "ec2 delete-tags --resources {} --tags Key=postern:endpoint-connections",
        topology.service
    );
    aws.run(&untag);
    let more = || (0..4).map(|_| is_let_in(a)).collect::<Option<Vec<_>>>().is_some();
    wait_until(PATIENCE, "the limit to be gone", more);
}

/// What `postern explain` prints of the port at an address.
fn explained(postern: &Postern, address: IpAddr) -> String {
    let (admin, port) = (postern.listening().admin.to_string(), PORT.to_string());
    let output = Command::new(binary())
        .args(["explain", &address.to_string(), "--port", &port, "--admin", &admin])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Speaks, and says whether that was echoed.
fn echoes(stream: &mut TcpStream) -> bool {
    stream.write_all(b"?").and_then(|()| stream.read_exact(&mut [0])).is_ok()
}

/// A port whose queue of connections is full, so that the kernel answers nobody.
struct Silent {
    port: u16,
    _sockets: Vec<Socket>,
}

impl Silent {
    fn listen() -> Self {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = socket();
        listener.bind(&SockAddr::from(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))).unwrap();
        listener.listen(0).unwrap();
        let addr = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        // One more than the queue takes; the others wait for an answer as a probe does.
        for _ in 0..2 {
            let client = socket();
            client.set_nonblocking(true).unwrap();
            let _ = client.connect(&addr);
            sockets.push(client);
        }
        Self { port: addr.as_socket().unwrap().port(), _sockets: sockets }
    }
}
