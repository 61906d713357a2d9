//! A gateway of the bench: Postern's process, one service that admits everybody, and consumers'
//! networks with as many endpoints as are asked for.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};

use crate::{
    api::{Caller, Key, REGION, Service},
    clock::Limit,
    process::Process,
};

/// Endpoints of a VPC: the guide's quota, to the full.
pub const ENDPOINTS_PER_VPC: usize = 50;
/// Who creates and describes endpoints.
pub const CONSUMER: Key = Key { id: "consumer", secret: "of-the-bench-only" };
/// Callers while the gateway is filled.
const FILLERS: usize = 16;
/// How long the gateway may take to start or to bind all endpoints.
const READY_MAX: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// A network of the consumer's.
#[derive(Clone, Debug)]
pub struct Network {
    /// The VPC.
    pub vpc: String,
    /// Its one subnet.
    pub subnet: String,
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    /// Its process.
    pub process: Process,
    /// Where its API listens.
    pub api: SocketAddr,
    /// Where its DNS does.
    pub dns: SocketAddr,
    /// The name of the service that all endpoints are of.
    pub service: String,
    state: PathBuf,
}

impl Gateway {
    /// Starts Postern with an empty state in a folder, on one processor if given.
    pub fn start(program: &Path, folder: &Path, cpu: Option<usize>) -> Result<Self> {
        let config = folder.join("postern.toml");
        fs::write(&config, configuration()).context("write the configuration")?;
        let arguments = ["run", "--config", &config.display().to_string()].map(str::to_owned);
        let log = folder.join("log");
        let mut process = Process::start(program, &arguments, &log, cpu)
            .with_context(|| format!("run {}", program.display()))?;
        let state = folder.join("state");
        let limit = Limit::starting(READY_MAX);
        let [api, dns] = loop {
            process.must_be_running().with_context(|| format!("see {}", log.display()))?;
            match listening(&state) {
                Some(places) => break places,
                None if limit.is_over() => return Err(anyhow!("it does not become ready")),
                None => thread::sleep(LOOK),
            }
        };
        let service = service(api).context("find the service")?;
        Ok(Self { process, api, dns, service, state })
    }

    /// A caller with the consumer's key.
    pub fn consumer(&self) -> io::Result<Caller> {
        Caller::connect(self.api, CONSUMER)
    }

    /// The size of the store's file.
    pub fn store_bytes(&self) -> io::Result<u64> {
        Ok(fs::metadata(self.state.join("postern.redb"))?.len())
    }

    /// Makes networks of the consumer's, numbered from `from`.
    pub fn networks(&self, from: usize, count: usize) -> Result<Vec<Network>> {
        let mut caller = self.consumer()?;
        let mut networks = Vec::with_capacity(count);
        for number in from..from + count {
            networks.push(network(&mut caller, number)?);
        }
        Ok(networks)
    }

    /// Creates so many endpoints in networks and waits until all are available; their ids.
    pub fn fill(&self, networks: &[Network], count: usize) -> Result<Vec<String>> {
        let next = AtomicUsize::new(0);
        let filler = || -> Result<Vec<String>> {
            let (mut caller, mut ids) = (self.consumer()?, Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(ids);
                }
                let network = &networks[number / ENDPOINTS_PER_VPC];
                ids.push(create_endpoint(&mut caller, &self.service, network)?.id);
            }
        };
        let ids: Vec<String> = thread::scope(|scope| {
            let fillers: Vec<_> = (0..FILLERS).map(|_| scope.spawn(filler)).collect();
            let filled =
                fillers.into_iter().map(|it| it.join().map_err(|_| anyhow!("panicked"))?);
            filled.collect::<Result<Vec<_>>>().map(|all| all.concat())
        })?;
        self.settle()?;
        Ok(ids)
    }

    /// Waits until no endpoint is pending.
    fn settle(&self) -> Result<()> {
        let mut caller = self.consumer()?;
        let limit = Limit::starting(READY_MAX);
        let pending = [
            ("Filter.1.Name", "vpc-endpoint-state"),
            ("Filter.1.Value.1", "pending"),
            ("MaxResults", "5"),
        ];
        loop {
            let page = caller.call(Service::Ec2, "DescribeVpcEndpoints", &pending)?;
            if page.text("vpcEndpointId").is_none() {
                return Ok(());
            }
            if limit.is_over() {
                return Err(anyhow!("endpoints stay pending"));
            }
            thread::sleep(LOOK);
        }
    }
}

/// A new endpoint.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its id.
    pub id: String,
    /// Its Regional name.
    pub name: String,
}

/// Creates an endpoint in a network.
pub fn create_endpoint(
    caller: &mut Caller,
    service: &str,
    network: &Network,
) -> io::Result<Created> {
    let members = [
        ("VpcEndpointType", "Interface"),
        ("VpcId", &*network.vpc),
        ("ServiceName", service),
        ("SubnetId.1", &*network.subnet),
        ("PrivateDnsEnabled", "false"),
        ("TagSpecification.1.ResourceType", "vpc-endpoint"),
        ("TagSpecification.1.Tag.1.Key", "Name"),
        ("TagSpecification.1.Tag.1.Value", "one of many"),
    ];
    let answer = caller.call(Service::Ec2, "CreateVpcEndpoint", &members)?;
    let text = |of: &str| answer.required(of).map(str::to_owned);
    Ok(Created { id: text("vpcEndpointId")?, name: text("dnsName")? })
}

fn network(caller: &mut Caller, number: usize) -> io::Result<Network> {
    // Networks of 251 addresses of loopback, which the kernel answers all.
    let cidr = format!("127.{}.{}.0/24", 100 + number / 250, number % 250);
    let vpc = caller.call(Service::Ec2, "CreateVpc", &[("CidrBlock", &cidr)])?;
    let vpc = vpc.required("vpcId")?.to_owned();
    let create = [("VpcId", &*vpc), ("CidrBlock", &cidr), ("AvailabilityZone", "us-east-1a")];
    let subnet = caller.call(Service::Ec2, "CreateSubnet", &create)?;
    Ok(Network { subnet: subnet.required("subnetId")?.to_owned(), vpc })
}

fn service(api: SocketAddr) -> io::Result<String> {
    let mut caller = Caller::connect(api, CONSUMER)?;
    let services = caller.call(Service::Ec2, "DescribeVpcEndpointServices", &[])?;
    Ok(services.required("serviceName")?.to_owned())
}

/// Where API and DNS listen.
fn listening(state: &Path) -> Option<[SocketAddr; 2]> {
    let text = fs::read_to_string(state.join("listening.json")).ok()?;
    let listening: serde_json::Value = serde_json::from_str(&text).ok()?;
    let place = |of: &str| listening[of].as_str()?.parse().ok();
    Some([place("api")?, place("dns")?])
}

/// One zone, one traffic thread, no limits on the rate of calls; all else as users have it: audit
/// log, metrics, health checks, DNS.
fn configuration() -> String {
    let secret = CONSUMER.secret;
    format!(
        r#"region = "{REGION}"
state_dir = "state"
listen = {{ api = "127.0.0.1:0", dns = "127.0.0.1:0", admin = "127.0.0.1:0" }}
dataplane = {{ workers = 1 }}
limits = {{ throttle = false, connections_per_peer = 500 }}
log = {{ level = "info,access=off" }}
zones = [{{ name = "us-east-1a", id = "use1-az1" }}]

[[accounts]]
id = "111111111111"
name = "provider"
keys = [{{ access_key_id = "provider", secret_access_key = "{secret}" }}]

[[accounts]]
id = "222222222222"
name = "consumer"
keys = [{{ access_key_id = "consumer", secret_access_key = "{secret}" }}]

[[demo_targets]]
name = "whoami"
mode = "whoami"
listen = "127.61.0.10:8080"

[bootstrap]
vpcs = [{{ key = "provider", account = "111111111111", cidr = "127.61.0.0/24" }}]
subnets = [{{ key = "provider", vpc = "provider", zone = "us-east-1a", cidr = "127.61.0.0/24" }}]

[[bootstrap.target_groups]]
name = "targets"
vpc = "provider"
port = 8080
targets = [{{ address = "127.61.0.10:8080" }}]

[[bootstrap.load_balancers]]
name = "front"
subnets = ["provider"]
listeners = [{{ port = 7070, target_group = "targets" }}]

[[bootstrap.services]]
key = "service"
load_balancers = ["front"]
acceptance_required = false
allowed_principals = ["*"]
"#
    )
}
