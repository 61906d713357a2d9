//! From the tables of the document to a typed [`Config`]: the settings, their ranges and defaults.
//!
//! Every function reads all of its table before it gives up, so that all mistakes are found. The
//! bootstrap part, DNS and secrets have files of their own.

use std::{collections::BTreeSet, net::SocketAddr, path::Path, time::Duration};

use ipnet::Ipv6Net;
use model::{ZoneId, ZoneName};

use super::{
    Addresses, Audit, Config, DemoTarget, Environment, Listen, Log, LogFormat, Zone, account, api,
    bootstrap, certificate, dataplane, dns, instance,
    kind::{Kind, Parsed, Span, Switch, Text, Whole, Word},
    limits, notifications, quotas,
    reader::{Mistake, Source, Table},
    services,
};
use crate::{follow::Version, target::Mode};

/// Reads a whole configuration. Says as well which other files it has read for it.
pub(crate) fn parse(
    text: &str,
    folder: &Path,
    environment: Environment<'_>,
) -> (Result<Config, Vec<Mistake>>, Vec<Version>) {
    let (source, document) = Source::parse(text);
    if !source.is_well_formed() {
        let (mistakes, files) = source.into_parts();
        return (Err(mistakes), files);
    }
    let config = read_root(source.root(&document), folder, environment);
    let (mistakes, files) = source.into_parts();
    match config {
        Some(config) if mistakes.is_empty() => (Ok(config), files),
        _ => (Err(mistakes), files),
    }
}

pub(super) const SOCKET_ADDRESS: Parsed = Parsed("an address and port such as \"127.0.0.1:4600\"");

/// What people need no more than: a bound for numbers of threads.
pub(super) const WORKERS_MAX: u32 = 256;

/// What a zonal name's first label, at most 63 bytes (RFC 1035 2.3.4), leaves to the zone's name:
/// before it stand `vpce-`, 17 digits, `-`, a token of 8, and `-`.
const ZONE_NAME_LEN_MAX: usize = 63 - (5 + 17 + 1 + 8 + 1);

fn read_root(mut root: Table<'_>, folder: &Path, environment: Environment<'_>) -> Option<Config> {
    let region = root.required("region", &Parsed("a Region name such as \"us-east-1\""));
    let state_dir = root.required("state_dir", &Text("the path of a folder"));
    let how = Word(&[("as-is", Addresses::AsIs), ("freebind", Addresses::Freebind)]);
    let addresses = root.optional("addresses", &how).unwrap_or(Addresses::AsIs);
    let listen = read_listen(&mut root);
    let zones = read_zones(&mut root);
    let shuffle_zone_names = root.optional("shuffle_zone_names", &Switch).unwrap_or(false);
    let ipv6_pool = root.optional("ipv6_pool", &Ipv6Pool);
    let accounts = account::read(&mut root, folder, environment);
    let week = Duration::from_secs(7 * 24 * 3600);
    let waits = Span { min: "1s", max: "365d" };
    let acceptance_timeout = root.optional("acceptance_timeout", &waits).unwrap_or(week);
    let drains = Span { min: "0s", max: "1h" };
    let drain_timeout = root.optional("drain_timeout", &drains).unwrap_or(Duration::from_secs(10));
    let dataplane = dataplane::read(&mut root, folder);
    let dns = dns::read(&mut root, folder, environment);
    let tls = api::read(&mut root, folder);
    if dns.tls.is_some() && !root.has("api") {
        root.report("dns", "tls needs a certificate, which is that of api.tls");
    }
    let certificates = certificate::read(&mut root, folder);
    let limits = limits::read(&mut root);
    let quotas = quotas::read(&mut root);
    let audit = read_audit(&mut root);
    let notifications = notifications::read(&mut root, folder, environment);
    let log = read_log(&mut root);
    let summary = root.optional("summary", &Switch).unwrap_or(false);
    let demo_targets = read_demo_targets(&mut root);
    let services = services::read(&mut root, region.as_ref());
    let instances = instance::read(&mut root);
    let bootstrap = bootstrap::read(&mut root);
    root.finish();
    let state_dir = folder.join(state_dir?);
    Some(Config {
        region: region?,
        audit: audit.map(|audit| audit.below(folder, &state_dir)),
        state_dir,
        addresses,
        listen: listen?,
        zones,
        shuffle_zone_names,
        ipv6_pool,
        accounts,
        acceptance_timeout,
        drain_timeout,
        dataplane,
        dns,
        tls,
        certificates,
        limits,
        quotas,
        services,
        notifications,
        log,
        summary,
        demo_targets,
        instances,
        bootstrap: bootstrap?,
    })
}

fn read_listen(root: &mut Table<'_>) -> Option<Listen> {
    if !root.has("listen") {
        root.report("listen", "missing; expected a table with api, dns, admin");
    }
    let mut table = root.table("listen")?;
    let api: Option<SocketAddr> = table.required("api", &SOCKET_ADDRESS);
    let dns = table.required("dns", &SOCKET_ADDRESS);
    let admin: Option<SocketAddr> = table.required("admin", &SOCKET_ADDRESS);
    // DNS over TCP needs its port for itself, too.
    let mut taken = BTreeSet::new();
    for (key, address) in [("api", api), ("dns", dns), ("admin", admin)] {
        if let Some(address) = address.filter(|address| address.port() != 0)
            && !taken.insert(address)
        {
            table.report(key, format!("{address} is taken by another entry of this table"));
        }
    }
    table.finish();
    Some(Listen { api: api?, dns: dns?, admin: admin? })
}

/// A network that has room for a VPC's IPv6 block, a /56.
struct Ipv6Pool;

impl Kind<Ipv6Net> for Ipv6Pool {
    fn expected(&self) -> String {
        "an IPv6 network of at most 56 bits such as \"fd00:db8::/40\"".into()
    }

    fn read(&self, value: &toml::de::DeValue<'_>) -> Option<Ipv6Net> {
        let network: Ipv6Net = value.as_str()?.parse().ok()?;
        (network.prefix_len() <= 56).then(|| network.trunc())
    }
}

fn read_zones(root: &mut Table<'_>) -> Vec<Zone> {
    if !root.has("zones") {
        root.report("zones", "missing; expected at least one [[zones]] with name and id");
    }
    let (mut names, mut ids) = (BTreeSet::new(), BTreeSet::new());
    let mut zones = Vec::new();
    for mut table in root.tables("zones") {
        let name = table.required("name", &Parsed("a zone name such as \"us-east-1a\""));
        let id = table.required("id", &Parsed("a zone id such as \"use1-az1\""));
        if let Some(name) = &name
            && !names.insert(ZoneName::clone(name))
        {
            table.report("name", "another zone has this name");
        }
        if let Some(name) = &name
            && name.as_str().len() > ZONE_NAME_LEN_MAX
        {
            let message = format!("longer than {ZONE_NAME_LEN_MAX} characters, the room in names");
            table.report("name", message);
        }
        if let Some(id) = &id
            && !ids.insert(ZoneId::clone(id))
        {
            table.report("id", "another zone has this id");
        }
        table.finish();
        zones.extend(name.zip(id).map(|(name, id)| Zone { name, id }));
    }
    zones
}

fn read_log(root: &mut Table<'_>) -> Log {
    let mut log = Log { level: "info".to_owned(), format: LogFormat::Auto };
    if let Some(mut table) = root.table("log") {
        if let Some(level) = table.optional("level", &Text("a filter such as \"info\"")) {
            if crate::telemetry::is_filter(&level) {
                log.level = level;
            } else {
                let message = "expected off, error, warn, info, debug, trace, \
                               or target=level pairs with commas between";
                table.report("level", message);
            }
        }
        let forms = Word(&[
            ("auto", LogFormat::Auto),
            ("human", LogFormat::Human),
            ("json", LogFormat::Json),
        ]);
        log.format = table.optional("format", &forms).unwrap_or(log.format);
        table.finish();
    }
    log
}

/// The table `audit`, before its file has a place.
struct AuditTable {
    file: Option<String>,
    rotate_bytes: u32,
    keep: u32,
}

impl AuditTable {
    /// Without a file, it is one in the state's folder.
    fn below(self, folder: &Path, state_dir: &Path) -> Audit {
        let Self { file, rotate_bytes, keep } = self;
        let file = file.map_or_else(|| state_dir.join("audit.jsonl"), |file| folder.join(file));
        Audit { file, rotate_bytes, keep }
    }
}

fn read_audit(root: &mut Table<'_>) -> Option<AuditTable> {
    let mut audit = AuditTable { file: None, rotate_bytes: 100 * 1024 * 1024, keep: 10 };
    let Some(mut table) = root.table("audit") else { return Some(audit) };
    let is_on = table.optional("enabled", &Switch).unwrap_or(true);
    audit.file = table.optional("file", &Text("the path of a file"));
    let sizes = Whole { min: 64 * 1024, max: u32::MAX };
    audit.rotate_bytes = table.optional("rotate_bytes", &sizes).unwrap_or(audit.rotate_bytes);
    audit.keep = table.optional("keep", &Whole { min: 0, max: 1000 }).unwrap_or(audit.keep);
    table.finish();
    is_on.then_some(audit)
}

fn read_demo_targets(root: &mut Table<'_>) -> Vec<DemoTarget> {
    let mut targets = Vec::new();
    for mut table in root.tables("demo_targets") {
        let name = table.required("name", &Text("a name"));
        let mode = table.optional("mode", &Word(&Mode::WORDS)).unwrap_or(Mode::Whoami);
        let listen = table.required("listen", &SOCKET_ADDRESS);
        table.finish();
        targets.extend(name.zip(listen).map(|(name, listen)| DemoTarget { name, mode, listen }));
    }
    targets
}
