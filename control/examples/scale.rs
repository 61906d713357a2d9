//! Measures the keeper with 10,000 endpoints: filling it, restarting it, 100 changes a second,
//! reads.
//!
//! `cargo run -p control --example scale [FOLDER]`; the store is made in a temporary folder below
//! FOLDER (default: the current one), so that its disk is the one meant.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be set up has no result")]

use std::{
    env,
    path::Path,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use control::{Config, Keeper, store::Redb};
use control_core::{
    Caller, Command, Outcome, Tags, Zone,
    command::{CreateEndpoint, CreateLoadBalancer, CreateService, CreateSubnet, CreateVpc},
    resource::{Scheme, ServiceName},
};
use model::{Binding, Clock, Health, IpAddressType, Snapshot, SubnetId, Timestamp, VpcId};
use tokio::sync::watch;

/// 200 VPCs of 50 endpoints in two zones: the quota of the guide, to the full.
const VPCS: u8 = 200;
const ENDPOINTS_PER_VPC: usize = 50;
/// One change every 10 ms, for this long.
const PACED: Duration = Duration::from_secs(10);
const PACE: Duration = Duration::from_millis(10);
/// Callers while filling.
const CALLERS: usize = 32;

struct StdClock;

impl Clock for StdClock {
    #[expect(clippy::disallowed_methods, reason = "an example has no daemon to lend it a clock")]
    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "an example has no daemon to lend it a clock")]
    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp(u64::try_from(since.as_millis()).unwrap())
    }
}

struct Plane {
    keeper: Keeper,
    /// Kept so that the keeper has a data plane, which binds all at once.
    binder: tokio::task::JoinHandle<()>,
}

#[tokio::main]
async fn main() {
    let parent = env::args().nth(1).unwrap_or_else(|| ".".into());
    let folder = tempfile::tempdir_in(parent).unwrap();
    let path = folder.path().join("store");

    let (plane, took) = start(&path);
    say("start, empty", took);
    let (service, networks) = setting(&plane.keeper).await;
    let took = fill(&plane.keeper, &service, &networks).await;
    let count = plane.keeper.registry().endpoint_count();
    say(&format!("create {count} endpoints, {CALLERS} callers at once"), took);
    settle(&plane.keeper).await;
    // A copy of the open file is what kill -9 leaves: redb has to repair it.
    let killed = folder.path().join("killed");
    std::fs::copy(&path, &killed).unwrap();
    plane.keeper.stop().await;
    plane.binder.abort();
    let bytes = std::fs::metadata(&path).unwrap().len();
    print(&format!("store: {:.1} MiB", f64::from(u32::try_from(bytes / 1024).unwrap()) / 1024.0));

    let (plane, took) = start(&killed);
    say("restart after kill -9, repair, load and project", took);
    assert_eq!(plane.keeper.registry().endpoint_count(), count);
    plane.keeper.stop().await;
    plane.binder.abort();

    let (plane, took) = start(&path);
    say("restart, load and project", took);
    reads(&plane.keeper);
    paced(&plane.keeper, &service, &networks).await;
    plane.keeper.stop().await;
}

fn start(path: &Path) -> (Plane, Duration) {
    let started = StdClock.monotonic();
    let zone = |name: &str| Zone { name: name.parse().unwrap(), id: name.parse().unwrap() };
    let config = Config::new("us-east-1".parse().unwrap(), ["za", "zb"].map(zone).into());
    let empty = Arc::new(Snapshot::empty("us-east-1".parse().unwrap()));
    let (sender, mut snapshots) = watch::channel(empty);
    let (health, receiver) = watch::channel(Arc::new(Health::default()));
    let store = Box::new(Redb::open(path).unwrap());
    let seed = StdClock.wall().as_millis();
    let keeper = Keeper::start(config, store, Arc::new(StdClock), seed, sender, receiver).unwrap();
    let took = StdClock.monotonic() - started;
    let binder = tokio::spawn(async move {
        while snapshots.changed().await.is_ok() {
            let snapshot = Arc::clone(&snapshots.borrow_and_update());
            let bound = snapshot.endpoints.keys().map(|id| (*id, Binding::Bound));
            health.send_replace(Arc::new(Health {
                generation: snapshot.generation,
                bindings: bound.collect(),
                ..Health::default()
            }));
        }
    });
    (Plane { keeper, binder }, took)
}

fn account(id: &str) -> Caller {
    Caller::root(id.parse().unwrap())
}

fn consumer() -> Caller {
    account("222222222222")
}

async fn network(keeper: &Keeper, caller: &Caller, number: u8) -> (VpcId, Vec<SubnetId>) {
    let submit = |command| keeper.submit(caller.clone(), command);
    let cidr = format!("10.{number}.0.0/16").parse().unwrap();
    let created =
        submit(Command::CreateVpc(CreateVpc { cidr, ipv6: None, tags: Tags::none() })).await;
    let Ok(Outcome::Vpc(vpc)) = created else { panic!("{created:?}") };
    let mut subnets = Vec::new();
    for (third, zone) in ["za", "zb"].iter().enumerate() {
        let create = CreateSubnet {
            vpc: vpc.id,
            cidr: Some(format!("10.{number}.{third}.0/24").parse().unwrap()),
            ipv6: None,
            zone: Some(control_core::ZoneRef::Id(zone.parse().unwrap())),
            tags: Tags::none(),
        };
        let created = submit(Command::CreateSubnet(create)).await;
        let Ok(Outcome::Subnet(subnet)) = created else { panic!("{created:?}") };
        subnets.push(subnet.id);
    }
    (vpc.id, subnets)
}

/// A public service and the consumer's networks.
async fn setting(keeper: &Keeper) -> (ServiceName, Vec<(VpcId, Vec<SubnetId>)>) {
    let provider = account("111111111111");
    let (_, subnets) = network(keeper, &provider, 0).await;
    let create = Command::CreateLoadBalancer(CreateLoadBalancer {
        name: "front".into(),
        subnets,
        scheme: Scheme::Internal,
        ip_address_type: IpAddressType::Ipv4,
        security_groups: [].into(),
        tags: Tags::none(),
    });
    let created = keeper.submit(provider.clone(), create).await;
    let Ok(Outcome::LoadBalancer(balancer)) = created else { panic!("{created:?}") };
    let create = Command::CreateService(CreateService {
        load_balancers: [balancer.id].into(),
        acceptance_required: false,
        ip_address_types: [].into(),
        private_dns_name: None,
        supported_regions: [].into(),
        catalog: None,
        tags: Tags::none(),
        client_token: None,
    });
    let created = keeper.submit(provider.clone(), create).await;
    let Ok(Outcome::Service(service)) = created else { panic!("{created:?}") };
    let add = vec!["*".parse().unwrap()];
    let permit = Command::ModifyServicePermissions { service: service.id, add, remove: Vec::new() };
    keeper.submit(provider, permit).await.unwrap();
    let mut networks = Vec::new();
    for number in 0..VPCS {
        networks.push(network(keeper, &consumer(), number).await);
    }
    (service.name(&"us-east-1".parse().unwrap()), networks)
}

fn endpoint(service: &ServiceName, (vpc, subnets): &(VpcId, Vec<SubnetId>)) -> Command {
    Command::CreateEndpoint(CreateEndpoint {
        vpc: *vpc,
        service_name: service.clone(),
        subnets: subnets.clone(),
        addresses: Vec::new(),
        ip_address_type: IpAddressType::Ipv4,
        dns_record_ip_type: None,
        private_dns: false,
        security_groups: [].into(),
        policy: None,
        tags: [("Name", "one of many")].into_iter().collect(),
        client_token: None,
    })
}

async fn fill(
    keeper: &Keeper,
    service: &ServiceName,
    networks: &[(VpcId, Vec<SubnetId>)],
) -> Duration {
    let started = StdClock.monotonic();
    let each = networks.iter().flat_map(|it| std::iter::repeat_n(it, ENDPOINTS_PER_VPC));
    let commands: Vec<_> = each.map(|network| endpoint(service, network)).collect();
    let mut callers = Vec::new();
    for part in commands.chunks(commands.len().div_ceil(CALLERS)) {
        let (keeper, part) = (keeper.clone(), part.to_vec());
        callers.push(tokio::spawn(async move {
            for command in part {
                keeper.submit(consumer(), command).await.unwrap();
            }
        }));
    }
    for caller in callers {
        caller.await.unwrap();
    }
    StdClock.monotonic() - started
}

/// Waits until no endpoint is pending.
async fn settle(keeper: &Keeper) {
    while keeper.registry().awaiting().next().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn reads(keeper: &Keeper) {
    let started = StdClock.monotonic();
    let registry = keeper.registry();
    let caller = consumer();
    let rounds: u32 = 50;
    let mut seen = 0;
    for _ in 0..rounds {
        seen += registry.view(&caller).endpoints().filter(|it| it.deadline.is_none()).count();
    }
    assert!(seen > 0);
    say("describe all endpoints, once", (StdClock.monotonic() - started) / rounds);
}

/// Deletes and creates endpoints at a steady pace beside the others, each timed to its answer.
async fn paced(keeper: &Keeper, service: &ServiceName, networks: &[(VpcId, Vec<SubnetId>)]) {
    let cpu = cpu_time();
    let rounds = PACED.as_millis() / PACE.as_millis();
    let mut ticks = tokio::time::interval(PACE);
    let (mut answers, mut tasks) = (Vec::new(), Vec::new());
    for round in 0..usize::try_from(rounds).unwrap() {
        ticks.tick().await;
        let network = &networks[round % networks.len()];
        let command = if (round / networks.len()).is_multiple_of(2) {
            let registry = keeper.registry();
            let mut ids =
                registry.referrers(network.0, control_core::resource::ResourceKind::Endpoint);
            let Some(control_core::ResourceId::Endpoint(endpoint)) = ids.next() else { continue };
            Command::DeleteEndpoint { endpoint }
        } else {
            endpoint(service, network)
        };
        let keeper = keeper.clone();
        tasks.push(tokio::spawn(async move {
            let started = StdClock.monotonic();
            keeper.submit(consumer(), command).await.unwrap();
            StdClock.monotonic() - started
        }));
    }
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers.sort_unstable();
    let at = |share: usize| answers[(answers.len() * share / 100).min(answers.len() - 1)];
    say("100 changes a second, answered: median", at(50));
    say("100 changes a second, answered: 99 %", at(99));
    let spent = cpu_time().saturating_sub(cpu);
    print(&format!(
        "100 changes a second: {:.1} % of a core",
        100.0 * spent.as_secs_f64() / PACED.as_secs_f64()
    ));
}

/// The CPU time of this process, from the kernel's count of clock ticks (100 a second).
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn say(what: &str, took: Duration) {
    print(&format!("{what}: {took:.2?}"));
}

#[expect(clippy::print_stdout, reason = "the numbers are the example's result")]
fn print(line: &str) {
    println!("{line}");
}
