//! What is explained is what happens: the explanation of a connection beside the connection itself,
//! its access line and the counter of refusals.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{Read as _, Write as _},
    net::IpAddr,
    process::Command,
    time::Duration,
};

use serde_json::Value;
use tests::{
    Postern, Topology, client,
    peer::Peer,
    postern::{CONSUMER, binary},
    tool,
    topology::{Options, PORT},
    wait_for, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// What `postern explain` prints.
fn explained(postern: &Postern, arguments: &[&str]) -> String {
    let admin = postern.listening().admin.to_string();
    let output = Command::new(binary())
        .args(["explain", "--admin", &admin])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn as_json(postern: &Postern, arguments: &[&str]) -> Value {
    serde_json::from_str(&explained(postern, &[arguments, &["--json"]].concat())).unwrap()
}

/// The result of the one path to an address, and its reason.
fn result(postern: &Postern, address: IpAddr) -> (String, String) {
    let (at, port) = (address.to_string(), PORT.to_string());
    let json = as_json(postern, &[&at, "--port", &port]);
    assert_eq!(json["paths"].as_array().unwrap().len(), 1, "{json}");
    let path = &json["paths"][0];
    let text = |name: &str| path[name].as_str().unwrap_or_default().to_owned();
    (text("result"), text("reason"))
}

/// Connects, speaks, and says whether that was echoed.
fn echoes(address: IpAddr) -> bool {
    let Ok(mut stream) = client::connect(address, PORT) else { return false };
    stream.write_all(b"?").and_then(|()| stream.read_exact(&mut [0])).is_ok()
}

/// Connects, and gives the connection's access line.
fn line_of_one(postern: &Postern, address: IpAddr, is_echoed: bool) -> Value {
    let before = postern.access_lines().len();
    assert_eq!(echoes(address), is_echoed, "{address}");
    wait_for(PATIENCE, "the access line", || postern.access_lines().into_iter().nth(before)).0
}

#[test]
fn what_is_explained_is_what_happens() {
    let postern = Postern::start();
    let target = Peer::postern("echo", "one");
    let options = Options { proxy_protocol: false, ..Options::default() };
    let targets = [(target.addr.to_string(), "us-east-1a")];
    let topology = Topology::build(&postern, &targets, options);
    topology.wait_healthy(1, PATIENCE);
    let [first, second] = topology.addresses(&postern);

    assert_eq!(result(&postern, first), ("passes".into(), String::new()));
    let line = line_of_one(&postern, first, true);
    assert_eq!(line["fields"]["target"], target.addr.to_string());
    let told = explained(&postern, &[&topology.regional_name, "--port", &PORT.to_string()]);
    assert!(told.contains(&format!("{} in use1-az1: healthy: candidate", target.addr)), "{told}");

    assert_stops(&postern, &topology, second, "no_target");

    let told = explained(&postern, &[&topology.zonal_name("us-east-1a"), "--port", "9"]);
    assert!(told.contains("stops here: no_listener"), "{told}");
    assert!(told.contains(&format!("do: dial {PORT}, or")), "{told}");

    topology.bar_strangers();
    let is_refused = || result(&postern, first).1 == "security_group";
    wait_until(PATIENCE, "the rules to be told", is_refused);
    wait_until(PATIENCE, "the rules to be in force", || !echoes(first));
    wait_until(PATIENCE, "all to be logged", || {
        postern.access_lines().last().is_some_and(|it| it["fields"]["end"] == "security_group")
    });
    assert_stops(&postern, &topology, first, "security_group");
    let member = topology.net.address(3, 9).to_string();
    let told = as_json(&postern, &[&first.to_string(), "--from", &member]);
    assert_eq!(told["paths"][0]["result"], "passes", "{told}");
    let refused = told["refused_so_far"].as_array().unwrap();
    assert!(refused.iter().any(|it| it["reason"] == "security_group"), "{told}");
}

/// Asserts that explanation, access line and counter give the same reason.
fn assert_stops(postern: &Postern, topology: &Topology, address: IpAddr, reason: &str) {
    assert_eq!(result(postern, address), ("stops".into(), reason.into()));
    let labels = [topology.endpoint.as_str(), &format!("reason=\"{reason}\"")];
    let count = || postern.metric("postern_connections_refused_total", &labels);
    let before = count();
    assert_eq!(line_of_one(postern, address, false)["fields"]["end"], reason);
    wait_until(PATIENCE, "the counter", || count() > before);
}

#[test]
fn a_dead_target_fails_open_and_ends_as_was_said() {
    let postern = Postern::start();
    let target = Peer::postern("echo", "one");
    let options = Options { proxy_protocol: false, ..Options::default() };
    let topology = Topology::build(&postern, &[(target.addr.to_string(), "all")], options);
    topology.wait_healthy(1, PATIENCE);
    let [first, _] = topology.addresses(&postern);
    let (dead, port) = (target.addr.to_string(), PORT.to_string());
    drop(target);
    topology.wait_healthy(0, PATIENCE);
    assert_eq!(result(&postern, first).0, "fails_open");
    let told = explained(&postern, &[&first.to_string(), "--port", &port]);
    assert!(told.contains(&format!("{dead} in all zones: unhealthy")), "{told}");
    assert!(told.contains("Target.FailedHealthChecks"), "{told}");
    assert!(told.contains("ends as connect_failed"), "{told}");
    assert_eq!(line_of_one(&postern, first, false)["fields"]["end"], "connect_failed");
}

#[test]
fn what_is_not_served_is_told_by_its_state() {
    let postern = Postern::start();
    let targets = [("10.0.0.1:80".to_owned(), "all")];
    let topology = Topology::build(&postern, &targets, Options::default());
    let [first, _] = topology.addresses(&postern);
    topology.reject();
    topology.wait_state("rejected");
    wait_until(PATIENCE, "the snapshot", || {
        as_json(&postern, &[&topology.endpoint])["stop"]["reason"] == "endpoint_not_served"
    });
    for named in [&topology.endpoint, &topology.regional_name, &first.to_string()] {
        let told = explained(&postern, &[named]);
        assert!(told.contains("the endpoint is rejected"), "{told}");
        let advice = format!("--service-id {}", topology.service);
        assert!(told.contains(&advice), "{told}");
    }
    wait_until(PATIENCE, "the address to be let go", || client::connect(first, PORT).is_err());
    let told = as_json(&postern, &["vpce-0123456789abcdef0", "--from", "10.0.0.1"]);
    assert_eq!(
        (&told["stop"]["reason"], &told["endpoint"]),
        (&"no_such_endpoint".into(), &Value::Null)
    );
}

#[test]
fn an_endpoint_without_a_subnet_has_names_that_lead_nowhere() {
    let postern = Postern::start();
    let target = Peer::postern("echo", "one");
    let options = Options { proxy_protocol: false, ..Options::default() };
    let topology = Topology::build(&postern, &[(target.addr.to_string(), "all")], options);
    topology.wait_healthy(1, PATIENCE);
    let [first, second] = topology.addresses(&postern);
    let (aws, dns) = (postern.aws(CONSUMER), postern.listening().dns);
    let described = aws.run("ec2 describe-vpc-endpoints");
    let subnets = described["VpcEndpoints"][0]["SubnetIds"].as_array().unwrap().clone();
    let [one, other] = [0, 1].map(|n| subnets[n].as_str().unwrap());
    let modify = |change: &str| {
        aws.run(&format!(
            "ec2 modify-vpc-endpoint --vpc-endpoint-id {} {change}",
            topology.endpoint
        ));
        topology.wait_state("available");
    };

    modify(&format!("--remove-subnet-ids {one} {other}"));
    let described = aws.run("ec2 describe-vpc-endpoints");
    assert_eq!(described["VpcEndpoints"][0]["NetworkInterfaceIds"], Value::Array(Vec::new()));
    let name = topology.regional_name.as_str();
    let answer = || tool::dig_with(dns, name, "A", &["+noall", "+comments", "+answer"]).concat();
    wait_until(PATIENCE, "the name to be bare", || answer().contains("ANSWER: 0"));
    assert!(answer().contains("status: NOERROR"), "{}", answer());
    for address in [first, second] {
        wait_until(PATIENCE, "the address to be let go", || !echoes(address));
    }
    let told = as_json(&postern, &[name, "--from", "127.0.0.1"]);
    assert_eq!(told["stop"]["reason"], "no_address", "{told}");
    let advice = format!("--vpc-endpoint-id {} --add-subnet-ids", topology.endpoint);
    assert!(explained(&postern, &[name]).contains(&advice));

    modify(&format!("--add-subnet-ids {one}"));
    let [address] =
        wait_for(PATIENCE, "an address", || <[IpAddr; 1]>::try_from(tool::resolve(dns, name)).ok())
            .0;
    wait_until(PATIENCE, "the endpoint to serve", || echoes(address));
}
