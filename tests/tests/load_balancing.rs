//! What a provider tells a load balancer with the stock AWS CLI, and what clients see of it.

use std::time::Duration;

use serde_json::Value;
use tests::{
    Postern, Topology,
    aws::Aws,
    peer::Peer,
    postern::PROVIDER,
    tool,
    topology::{Options, ZONES},
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
