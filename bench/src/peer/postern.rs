//! Postern's configuration: one consumer, one endpoint in one zone, one target with PROXY protocol
//! version 2, one worker; metrics and health checks on, as users have them. The access log is off,
//! as it is for the others.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::Place;
use crate::{
    api::{Caller, Key, Service},
    clock::Limit,
    process::Process,
};

/// The endpoint's address, of the consumer's subnet.
pub(super) const ENDPOINT: Ipv4Addr = Ipv4Addr::new(127, 60, 0, 10);

/// Writes the configuration and returns the arguments.
pub(super) fn prepare(place: &Place) -> io::Result<Vec<String>> {
    prepare_with(place, "")
}

/// The same with more tables.
pub(super) fn prepare_with(place: &Place, more: &str) -> io::Result<Vec<String>> {
    let (target, port) = (place.target, place.listen.port());
    let text = format!(
        r#"region = "us-east-1"
state_dir = "state"
listen = {{ api = "127.0.0.1:0", dns = "127.0.0.1:0", admin = "127.0.0.1:0" }}
dataplane = {{ workers = 1 }}
log = {{ level = "info,access=off" }}
zones = [{{ name = "us-east-1a", id = "use1-az1" }}]

[[accounts]]
id = "111111111111"
name = "provider"
keys = [{{ access_key_id = "provider", secret_access_key = "of-the-bench-only" }}]

[[accounts]]
id = "222222222222"
name = "consumer"
keys = [{{ access_key_id = "consumer", secret_access_key = "of-the-bench-only" }}]

[bootstrap]
vpcs = [
    {{ key = "provider", account = "111111111111", cidr = "127.61.0.0/16" }},
    {{ key = "consumer", account = "222222222222", cidr = "127.60.0.0/16" }},
]
subnets = [
    {{ key = "provider", vpc = "provider", zone = "us-east-1a", cidr = "127.61.0.0/24" }},
    {{ key = "consumer", vpc = "consumer", zone = "us-east-1a", cidr = "127.60.0.0/24" }},
]

[[bootstrap.target_groups]]
name = "targets"
vpc = "provider"
port = {target_port}
proxy_protocol_v2 = true
targets = [{{ address = "{target}" }}]

[[bootstrap.load_balancers]]
name = "front"
subnets = ["provider"]
listeners = [{{ port = {port}, target_group = "targets" }}]

[[bootstrap.services]]
key = "service"
load_balancers = ["front"]
acceptance_required = false
allowed_principals = ["*"]

[[bootstrap.endpoints]]
key = "endpoint"
vpc = "consumer"
service = "service"
interfaces = [{{ subnet = "consumer", ipv4 = "{ENDPOINT}" }}]
{more}
"#,
        target_port = target.port()
    );
    let path = place.folder.join("postern.toml");
    fs::write(&path, text)?;
    let arguments = ["run", "--config", &path.display().to_string()];
    Ok(arguments.map(str::to_owned).to_vec())
}

const PROVIDER: Key = Key { id: "provider", secret: "of-the-bench-only" };
/// How long it may take to say where it listens.
const READY_MAX: Duration = Duration::from_secs(20);
/// Between two looks whether it does.
const LOOK: Duration = Duration::from_millis(50);

/// Calls its API as the provider.
pub(super) fn provider(process: &mut Process, folder: &Path) -> Result<Caller> {
    let limit = Limit::starting(READY_MAX);
    while !limit.is_over() {
        process.must_be_running()?;
        if let Ok(text) = fs::read_to_string(folder.join("state/listening.json")) {
            let listening: serde_json::Value = serde_json::from_str(&text)?;
            let api: SocketAddr = listening["api"].as_str().context("no API")?.parse()?;
            return Ok(Caller::connect(api, PROVIDER)?);
        }
        thread::sleep(LOOK);
    }
    bail!("postern does not say where it listens")
}

/// Creates a target group with a name and a protocol, in the provider's network; gives its ARN.
pub(crate) fn create_group(
    caller: &mut Caller,
    (name, protocol): (&str, &str),
    settings: &[(&str, &str)],
) -> Result<String> {
    let groups = caller.call(Service::Elb, "DescribeTargetGroups", &[])?;
    let vpc = groups.required("VpcId")?;
    let own = [
        ("Name", name),
        ("Protocol", protocol),
        // Each target is registered with a port of its own.
        ("Port", "1"),
        ("TargetType", "ip"),
        ("VpcId", vpc),
    ];
    let group = caller.call(Service::Elb, "CreateTargetGroup", &[&own, settings].concat())?;
    Ok(group.required("TargetGroupArn")?.to_owned())
}

/// Registers targets for all zones.
pub(crate) fn register(caller: &mut Caller, group: &str, targets: &[SocketAddr]) -> Result<()> {
    let mut members = vec![("TargetGroupArn".to_owned(), group.to_owned())];
    for (n, addr) in (1..).zip(targets) {
        let member = |name| format!("Targets.member.{n}.{name}");
        members.push((member("Id"), addr.ip().to_string()));
        members.push((member("Port"), addr.port().to_string()));
        members.push((member("AvailabilityZone"), "all".to_owned()));
    }
    let members: Vec<_> = members.iter().map(|(name, value)| (&**name, &**value)).collect();
    caller.call(Service::Elb, "RegisterTargets", &members)?;
    Ok(())
}

/// Adds a listener that forwards to a group.
pub(crate) fn create_listener(
    caller: &mut Caller,
    (protocol, port): (&str, u16),
    group: &str,
    settings: &[(&str, &str)],
) -> Result<()> {
    let balancers = caller.call(Service::Elb, "DescribeLoadBalancers", &[])?;
    let port = port.to_string();
    let own = [
        ("LoadBalancerArn", balancers.required("LoadBalancerArn")?),
        ("Protocol", protocol),
        ("Port", &port),
        ("DefaultActions.member.1.Type", "forward"),
        ("DefaultActions.member.1.TargetGroupArn", group),
    ];
    caller.call(Service::Elb, "CreateListener", &[&own, settings].concat())?;
    Ok(())
}
