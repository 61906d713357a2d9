//! Serves made-up endpoints, for load tests by hand beside other servers.
//!
//! `cargo run --release -p dns --example serve -- ENDPOINTS DIRECTORY WORKERS PORT` writes the same
//! zone as a master file for another server and questions for `dnsperf` (`pos.q`, `neg.q`) into the
//! directory, says how long zones took to build, and serves until its input ends.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, Read as _, Write as _},
    num::NonZeroUsize,
    path::Path,
    sync::Arc,
    time::Instant,
};

use dns::{Config, Server};
use dns_core::CatalogBuilder;
use model::{
    Clock, DnsName, DnsRecordIpType, Endpoint, EndpointState, Generation, Health, Interface,
    InterfaceId, LoadBalancerId, NameToken, ServiceId, Snapshot, SubnetId, Timestamp,
    VpcEndpointId, VpcId,
};
use tokio::{runtime::Runtime, sync::watch};

/// Questions per file.
const QUESTIONS: usize = 100_000;
/// The endpoints' zones.
const ZONES: [(&str, &str); 3] =
    [("us-east-1a", "use1-az1"), ("us-east-1b", "use1-az2"), ("us-east-1c", "use1-az3")];

struct StdClock;

impl Clock for StdClock {
    #[expect(clippy::disallowed_methods, reason = "a program of its own")]
    fn monotonic(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> Timestamp {
        Timestamp(0)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [count, directory, workers, port] = arguments.as_slice() else {
        return Err("usage: serve ENDPOINTS DIRECTORY WORKERS PORT".into());
    };
    let snapshot = snapshot(count.parse()?)?;
    write_files(&snapshot, Path::new(directory))?;
    time_builds(&snapshot)?;
    let runtime = Runtime::new()?;
    let (_snapshots, snapshots) = watch::channel(Arc::new(snapshot));
    let (_health, health) = watch::channel(Arc::new(Health::default()));
    let config =
        Config::new(([127, 0, 0, 1], port.parse()?).into(), workers.parse::<NonZeroUsize>()?);
    let handle = runtime.handle().clone();
    let server = Server::start(config, Arc::new(StdClock), snapshots, health, handle)?;
    writeln!(io::stdout(), "serving on {}", server.local_addr())?;
    io::stdin().read_to_end(&mut Vec::new())?;
    runtime.block_on(server.stop());
    Ok(())
}

/// Ten endpoints per service, three zones, both families.
fn snapshot(count: u32) -> Result<Snapshot, Box<dyn Error>> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut snapshot = Snapshot::empty("us-east-1".parse()?);
    snapshot.generation = Generation(1);
    let mut service = ServiceId::from_bits(0);
    for n in 0..count {
        if n % 10 == 0 {
            service = ServiceId::from_bits(random.u128(..));
        }
        let id = VpcEndpointId::from_bits(random.u128(..));
        let token = NameToken::from_bits(random.u64(..));
        let regional_name = DnsName::regional(id, &token, service, &snapshot.region);
        let mut interfaces = Vec::new();
        for (z, (zone_name, zone_id)) in (0..).zip(ZONES) {
            let [_, high, mid, low] = n.to_be_bytes();
            interfaces.push(Interface {
                id: InterfaceId::from_bits(random.u128(..)),
                subnet: SubnetId::from_bits(u128::from(z)),
                zone: zone_id.parse()?,
                zonal_name: regional_name.zonal(&zone_name.parse()?),
                ipv4: Some([10, z * 64 + high, mid, low].into()),
                ipv6: Some([0xFD00, z.into(), 0, 0, 0, 0, mid.into(), low.into()].into()),
                load_balancer: LoadBalancerId::from_bits(u128::from(n / 10)),
            });
        }
        let endpoint = Endpoint {
            id,
            owner: "222222222222".parse()?,
            vpc: VpcId::from_bits(1),
            service,
            state: EndpointState::Available,
            regional_name,
            private_dns_names: Vec::new(),
            dns_record_ip_type: DnsRecordIpType::Dualstack,
            limits: model::EndpointLimits::default(),
            interfaces,
        };
        snapshot.endpoints.insert(id, Arc::new(endpoint));
    }
    Ok(snapshot)
}

/// Writes the zone and the questions: half Regional A, a fifth Regional AAAA, the rest zonal; and,
/// of those without an answer, half of each kind.
fn write_files(snapshot: &Snapshot, directory: &Path) -> Result<(), Box<dyn Error>> {
    let zone = format!("{}.{}", snapshot.region, model::ENDPOINT_DOMAIN);
    let mut master = format!(
        "$ORIGIN {zone}.\n@ 60 IN SOA ns1 hostmaster 1 7200 900 1209600 60\n@ 60 IN NS ns1\n\
         ns1 60 IN A 127.0.0.1\n"
    );
    for endpoint in snapshot.endpoints.values() {
        for interface in &endpoint.interfaces {
            for name in [&endpoint.regional_name, &interface.zonal_name] {
                for address in interface.addresses() {
                    let rtype = if address.is_ipv4() { "A" } else { "AAAA" };
                    writeln!(master, "{name}. 60 IN {rtype} {address}")?;
                }
            }
        }
    }
    let endpoints: Vec<_> = snapshot.endpoints.values().collect();
    let mut random = fastrand::Rng::with_seed(7);
    let (mut positive, mut negative) = (String::new(), String::new());
    for _ in 0..QUESTIONS {
        let endpoint = endpoints[random.usize(..endpoints.len())];
        let zonal = &endpoint.interfaces[random.usize(..3)].zonal_name;
        let (name, rtype) = match random.u8(..100) {
            0..50 => (&endpoint.regional_name, "A"),
            50..70 => (&endpoint.regional_name, "AAAA"),
            70..90 => (zonal, "A"),
            _ => (zonal, "AAAA"),
        };
        writeln!(positive, "{name} {rtype}")?;
        match random.bool() {
            true => writeln!(negative, "x{name} A")?,
            false => writeln!(negative, "{name} TXT")?,
        }
    }
    fs::create_dir_all(directory)?;
    fs::write(directory.join("vpce.zone"), master)?;
    fs::write(directory.join("pos.q"), positive)?;
    Ok(fs::write(directory.join("neg.q"), negative)?)
}

/// Says how long the first build takes, how long one after a small change, and what it all weighs.
fn time_builds(snapshot: &Snapshot) -> Result<(), Box<dyn Error>> {
    /// Enough changes for a mean.
    const CHANGES: u32 = 100;
    let mut out = io::stdout();
    let before = resident_kib()?;
    let mut builder = CatalogBuilder::default();
    let (started, cpu) = (StdClock.monotonic(), cpu_us()?);
    let mut catalog = builder.build(snapshot, &Health::default());
    let (took, cpu) = (StdClock.monotonic() - started, cpu_us()? - cpu);
    let names = catalog.name_count();
    let bytes = (resident_kib()? - before) * 1024 / u64::try_from(names)?;
    writeln!(out, "first build: {names} names in {took:?}, {cpu} us of CPU, {bytes} bytes each")?;
    let mut changed = snapshot.clone();
    let cpu = cpu_us()?;
    for _ in 0..CHANGES {
        changed.endpoints.pop_first();
        catalog = builder.build(&changed, &Health::default());
    }
    let each = (cpu_us()? - cpu) / u64::from(CHANGES);
    writeln!(out, "after a change: {} names, {each} us of CPU", catalog.name_count())?;
    Ok(())
}

/// What this thread has spent, in microseconds.
fn cpu_us() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or("").parse::<u64>()? / 1000)
}

/// What this process has in memory.
fn resident_kib() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("");
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
