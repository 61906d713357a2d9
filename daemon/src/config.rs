//! The configuration: a TOML file, read whole, with every mistake reported at once.
//!
//! The names are part of the product; scripts rely on them. This is the only reader of configuration
//! files and of the environment. Paths are relative to the folder of the file. Does not know how any
//! of it is put to use.

use std::{
    collections::BTreeSet,
    fmt,
    net::SocketAddr,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::Duration,
};

use model::{AccountId, RegionName, ZoneId, ZoneName};
use thiserror::Error;

use crate::target::Mode;

pub(crate) mod bootstrap;
mod reader;
mod secret;

use bootstrap::Bootstrap;
use reader::{Mistake, Parsed, Source, Span, Switch, Table, Text, Whole, Word};
pub(crate) use secret::Secret;

/// How a variable of the environment is looked up.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// What `postern run` needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The one Region.
    pub(crate) region: RegionName,
    /// Where the state lives.
    pub(crate) state_dir: PathBuf,
    /// How endpoint addresses are bound.
    pub(crate) addresses: Addresses,
    /// What the daemon itself listens on.
    pub(crate) listen: Listen,
    /// The Availability Zones.
    pub(crate) zones: Vec<Zone>,
    /// The tenants.
    pub(crate) accounts: Vec<Account>,
    /// How long a connection request may wait for an answer.
    pub(crate) acceptance_timeout: Duration,
    /// How long connections may go on after the first signal to stop.
    pub(crate) drain_timeout: Duration,
    /// The data plane's settings.
    pub(crate) dataplane: Dataplane,
    /// How many threads answer DNS.
    pub(crate) dns_workers: NonZeroUsize,
    /// What is logged, and how.
    pub(crate) log: Log,
    /// Whether to say at the end of the start what there is to try, even without a terminal.
    pub(crate) summary: bool,
    /// Targets that the daemon runs itself.
    pub(crate) demo_targets: Vec<DemoTarget>,
    /// What must exist once the daemon is ready.
    pub(crate) bootstrap: Bootstrap,
}

/// How endpoint addresses are bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// The machine has them.
    AsIs,
    /// The machine need not have them (IP_FREEBIND).
    Freebind,
}

/// What the daemon itself listens on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listen {
    /// The control API.
    pub(crate) api: SocketAddr,
    /// DNS, UDP and TCP.
    pub(crate) dns: SocketAddr,
    /// Metrics and readiness.
    pub(crate) admin: SocketAddr,
}

/// An Availability Zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// As accounts name it.
    pub(crate) name: ZoneName,
    /// As everyone knows it.
    pub(crate) id: ZoneId,
}

/// A tenant.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Twelve digits.
    pub(crate) id: AccountId,
    /// For people.
    pub(crate) name: String,
    /// What its requests are signed with.
    pub(crate) keys: Vec<AccessKey>,
}

/// An access key of an account.
#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    /// Sent with each request.
    pub(crate) id: String,
    /// Never sent.
    pub(crate) secret: Secret,
    /// Whether the secret is written in the configuration itself, so that repeating it tells nothing.
    pub(crate) is_shown: bool,
}

/// The data plane's settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dataplane {
    /// Traffic threads; none means one per core.
    pub(crate) workers: Option<NonZeroUsize>,
    /// How long a target may take to answer a connection attempt.
    pub(crate) connect_timeout: Duration,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    /// A filter in the notation of `tracing`, for example `info,access=off`.
    pub(crate) level: String,
    /// The form of a line.
    pub(crate) format: LogFormat,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

/// A target that the daemon runs itself, for demonstrations.
#[derive(Clone, Debug)]
pub(crate) struct DemoTarget {
    /// The name it answers with.
    pub(crate) name: String,
    /// What it does.
    pub(crate) mode: Mode,
    /// Where.
    pub(crate) listen: SocketAddr,
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// The file cannot be read.
    #[error("read the configuration {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something that is not allowed.
    #[error("{0}")]
    Mistaken(Mistakes),
}

/// All mistakes of one file, in the order of their lines.
#[derive(Debug)]
pub(crate) struct Mistakes {
    file: PathBuf,
    found: Vec<Mistake>,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        for Mistake { line, message } in &self.found {
            writeln!(f, "{file}:{line}: {message}")?;
        }
        match self.found.len() {
            1 => write!(f, "{file} has 1 mistake"),
            n => write!(f, "{file} has {n} mistakes"),
        }
    }
}

/// Reads the configuration file.
pub(crate) fn load(path: &Path, environment: Environment<'_>) -> Result<Config, LoadError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    let folder = path.parent().unwrap_or(Path::new(""));
    parse(&text, folder, environment)
        .map_err(|found| LoadError::Mistaken(Mistakes { file: path.to_owned(), found }))
}

/// Looks a variable up in the environment of the process.
pub(crate) fn process_environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    std::env::var(name).ok()
}

fn parse(text: &str, folder: &Path, environment: Environment<'_>) -> Result<Config, Vec<Mistake>> {
    let (source, document) = Source::parse(text);
    let config = read_root(source.root(&document), folder, environment);
    let mistakes = source.into_mistakes();
    match config {
        Some(config) if mistakes.is_empty() => Ok(config),
        _ => Err(mistakes),
    }
}

const SOCKET_ADDRESS: Parsed = Parsed("an address and port such as \"127.0.0.1:4600\"");

/// What people need no more than: a bound for numbers of threads.
const WORKERS_MAX: u32 = 256;

fn read_root(mut root: Table<'_>, folder: &Path, environment: Environment<'_>) -> Option<Config> {
    let region = root.required("region", &Parsed("a Region name such as \"us-east-1\""));
    let state_dir = root.required("state_dir", &Text("the path of a folder"));
    let how = Word(&[("as-is", Addresses::AsIs), ("freebind", Addresses::Freebind)]);
    let addresses = root.optional("addresses", &how).unwrap_or(Addresses::AsIs);
    let listen = read_listen(&mut root);
    let zones = read_zones(&mut root);
    let accounts = read_accounts(&mut root, folder, environment);
    let week = Duration::from_secs(7 * 24 * 3600);
    let waits = Span { min: "1s", max: "365d" };
    let acceptance_timeout = root.optional("acceptance_timeout", &waits).unwrap_or(week);
    let drains = Span { min: "0s", max: "1h" };
    let drain_timeout = root.optional("drain_timeout", &drains).unwrap_or(Duration::from_secs(10));
    let dataplane = read_dataplane(&mut root);
    let dns_workers = read_dns(&mut root);
    let log = read_log(&mut root);
    let summary = root.optional("summary", &Switch).unwrap_or(false);
    let demo_targets = read_demo_targets(&mut root);
    let bootstrap = bootstrap::read(&mut root);
    root.finish();
    Some(Config {
        region: region?,
        state_dir: folder.join(state_dir?),
        addresses,
        listen: listen?,
        zones,
        accounts,
        acceptance_timeout,
        drain_timeout,
        dataplane,
        dns_workers,
        log,
        summary,
        demo_targets,
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

fn read_accounts(
    root: &mut Table<'_>,
    folder: &Path,
    environment: Environment<'_>,
) -> Vec<Account> {
    if !root.has("accounts") {
        root.report("accounts", "missing; expected at least one [[accounts]] with id and keys");
    }
    let (mut ids, mut key_ids) = (BTreeSet::new(), BTreeSet::new());
    let mut accounts = Vec::new();
    for mut table in root.tables("accounts") {
        let id: Option<AccountId> = table.required("id", &Parsed("twelve digits"));
        if let Some(id) = &id
            && !ids.insert(id.clone())
        {
            table.report("id", "another account has this id");
        }
        let name = table.optional("name", &Text("a name")).unwrap_or_default();
        let mut keys = Vec::new();
        for mut key in table.tables("keys") {
            keys.extend(read_key(&mut key, &mut key_ids, folder, environment));
            key.finish();
        }
        table.finish();
        accounts.extend(id.map(|id| Account { id, name, keys }));
    }
    accounts
}

fn read_key(
    table: &mut Table<'_>,
    taken: &mut BTreeSet<String>,
    folder: &Path,
    environment: Environment<'_>,
) -> Option<AccessKey> {
    let id = table.required("access_key_id", &Parsed("1 to 128 letters, digits, - and _"));
    let id = id.map(|KeyId(id)| id);
    if let Some(id) = &id
        && !taken.insert(id.clone())
    {
        table.report("access_key_id", "another access key has this id");
    }
    let secret = secret::read(table, folder, environment);
    Some(AccessKey { id: id?, secret: secret?, is_shown: table.has("secret_access_key") })
}

/// An access key id: it stands between slashes in each request's credential.
struct KeyId(String);

impl std::str::FromStr for KeyId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let fits = !text.is_empty() && text.len() <= 128 && text.bytes().all(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

fn read_dataplane(root: &mut Table<'_>) -> Dataplane {
    // A client waits 30 s at most in all; after 10 s another target may still be tried.
    let mut dataplane = Dataplane { workers: None, connect_timeout: Duration::from_secs(10) };
    if let Some(mut table) = root.table("dataplane") {
        dataplane.workers = table.optional("workers", &Whole { min: 1, max: WORKERS_MAX });
        if let Some(timeout) = table.optional("connect_timeout", &Span { min: "10ms", max: "30s" })
        {
            dataplane.connect_timeout = timeout;
        }
        table.finish();
    }
    dataplane
}

fn read_dns(root: &mut Table<'_>) -> NonZeroUsize {
    let Some(mut table) = root.table("dns") else { return NonZeroUsize::MIN };
    let count = table.optional("workers", &Whole { min: 1, max: WORKERS_MAX });
    table.finish();
    count.unwrap_or(NonZeroUsize::MIN)
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

#[cfg(test)]
mod tests;
