//! Health checks as a provider sees them: set with the stock AWS CLI, answered by a real nginx,
//! told by `describe-target-health`, by `postern explain` and by who is in DNS.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{process::Command, time::Duration};

use serde_json::Value;
use tests::{
    Postern, Topology,
    peer::{HEALTH_PATH, Peer},
    postern::{PROVIDER, binary},
    tool,
    topology::{Options, PORT, ZONES},
    wait_until,
};

/// Two checks at 5 s each, their timeout of 2 s, and room for a busy machine.
const THRESHOLD: Duration = Duration::from_secs(5 * 2 + 2 + 15);

/// What `describe-target-health` says of a target: state, reason and description.
fn told(postern: &Postern, group: &str, target: &Peer) -> [String; 3] {
    let (ip, port) = (target.addr.ip(), target.addr.port());
    let command = format!(
        "elbv2 describe-target-health --target-group-arn {group} --targets Id={ip},Port={port}"
    );
    let answer = postern.aws(PROVIDER).run(&command);
    let health = &answer["TargetHealthDescriptions"][0]["TargetHealth"];
    ["State", "Reason", "Description"]
        .map(|name| health[name].as_str().unwrap_or_default().to_owned())
}

fn wait_told(postern: &Postern, group: &str, target: &Peer, expected: [&str; 3]) {
    wait_until(THRESHOLD, &format!("{} to be {expected:?}", target.addr), || {
        told(postern, group, target) == expected
    });
}

#[test]
fn a_site_that_answers_503_takes_its_zone_out_of_dns() {
    let postern = Postern::start();
    let sites = [Peer::nginx(), Peer::nginx()];
    let registered = [0, 1].map(|i: usize| (sites[i].addr.to_string(), ZONES[i]));
    // Checks begin with a PROXY header of command LOCAL, or nginx would not take them.
    let topology = Topology::build(&postern, &registered, Options::default());
    let (aws, group) = (postern.aws(PROVIDER), &topology.target_group);
    let changed = aws.run(&format!(
        "elbv2 modify-target-group --target-group-arn {group} --health-check-protocol HTTP \
         --health-check-path {HEALTH_PATH} --matcher HttpCode=200-299"
    ));
    let changed = &changed["TargetGroups"][0];
    assert_eq!(changed["HealthCheckProtocol"], "HTTP");
    assert_eq!(changed["Matcher"]["HttpCode"], "200-299");
    let dns = postern.listening().dns;
    let [a, b] = topology.addresses(&postern);
    let regional = || tool::resolve(dns, &topology.regional_name);
    for site in &sites {
        wait_told(&postern, group, site, ["healthy", "", ""]);
    }
    wait_until(THRESHOLD, "both zones in DNS", || regional().len() == 2);

    sites[1].answer_checks(503);
    let seen = "Health checks failed with these codes: [503]";
    let mismatch = ["unhealthy", "Target.ResponseCodeMismatch", seen];
    wait_told(&postern, group, &sites[1], mismatch);
    wait_until(THRESHOLD, "zone b to leave", || regional() == [a]);
    assert_eq!(told(&postern, group, &sites[0]), ["healthy", "", ""]);
    let said = explained(&postern, &topology.zonal_name(ZONES[1]));
    let mut targets = said["targets"].as_array().unwrap().iter();
    let target = targets.find(|it| it["address"] == sites[1].addr.to_string()).unwrap();
    let facts = ["health", "health_reason", "use"].map(|name| target[name].as_str().unwrap());
    let candidate = ["unhealthy", "Target.ResponseCodeMismatch", "candidate"];
    assert_eq!(facts.as_slice(), candidate, "whoever still dials the zone fails open");
    // It is only the checks that it answers so.
    let answer = tool::fetch(&topology.regional_name, b, PORT).unwrap();
    assert_eq!(answer["target"], "nginx");

    sites[1].answer_checks(200);
    wait_told(&postern, group, &sites[1], ["healthy", "", ""]);
    wait_until(THRESHOLD, "zone b to come back", || regional().len() == 2);
}

/// The step of the target group in what `postern explain` says of a name.
fn explained(postern: &Postern, name: &str) -> Value {
    let admin = postern.listening().admin.to_string();
    let mut command = Command::new(binary());
    let output = command.args(["explain", name, "--admin", &admin, "--json"]).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = said["paths"][0]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["step"] == "target_group");
    let step = step.unwrap();
    assert!(step["targets"].is_array(), "{said}");
    step.clone()
}
