//! The configuration: a TOML file, read whole, with every mistake reported at once.
//!
//! The names are part of the product; scripts rely on them. This is the only reader of
//! configuration files and of the environment. Paths are relative to the folder of the file. Does
//! not know how any of it is put to use.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use control::Policy;
use control_core::quota::Quotas;
use ipnet::Ipv6Net;
use model::{AccountId, RegionName, ZoneId, ZoneName};
use thiserror::Error;

use crate::{follow::Version, target::Mode};

mod account;
pub(crate) mod api;
pub(crate) mod bootstrap;
pub(crate) mod certificate;
mod dataplane;
mod dns;
mod identity;
mod instance;
mod kind;
pub(crate) mod limits;
mod notifications;
mod quotas;
mod read;
mod reader;
mod secret;
pub(crate) mod services;
mod target_tls;

use bootstrap::Bootstrap;
use dataplane::Dataplane;
pub(crate) use dns::{Cookies, Dns};
pub(crate) use instance::Instance;
pub(crate) use read::parse;
use reader::Mistake;
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
    /// Whether each account has the zones' names in an order of its own.
    pub(crate) shuffle_zone_names: bool,
    /// Where the IPv6 blocks of VPCs are drawn from.
    pub(crate) ipv6_pool: Option<Ipv6Net>,
    /// The tenants.
    pub(crate) accounts: Vec<Account>,
    /// How long a connection request may wait for an answer.
    pub(crate) acceptance_timeout: Duration,
    /// How long connections may go on after the first signal to stop.
    pub(crate) drain_timeout: Duration,
    /// The data plane's settings.
    pub(crate) dataplane: Dataplane,
    /// The DNS plane's settings.
    pub(crate) dns: Dns,
    /// What the API is encrypted with; none if it is not.
    pub(crate) tls: Option<api::Tls>,
    /// What TLS listeners may present.
    pub(crate) certificates: Vec<certificate::ListenerCertificate>,
    /// What callers of the API may use of it.
    pub(crate) limits: limits::Limits,
    /// How much of everything accounts may have.
    pub(crate) quotas: Quotas,
    /// What the operator decides about endpoint services.
    pub(crate) services: services::Services,
    /// Which receiver is behind a topic.
    pub(crate) notifications: control::notify::Config,
    /// Where it is written down who asked the API for what; none if nowhere.
    pub(crate) audit: Option<Audit>,
    /// What is logged, and how.
    pub(crate) log: Log,
    /// Whether to say at the end of the start what there is to try, even without a terminal.
    pub(crate) summary: bool,
    /// Targets that the daemon runs itself.
    pub(crate) demo_targets: Vec<DemoTarget>,
    /// Where instances are, by id.
    pub(crate) instances: BTreeMap<Arc<str>, Instance>,
    /// What must exist once the daemon is ready.
    pub(crate) bootstrap: Bootstrap,
}

impl Config {
    /// Puts the state elsewhere, and with it what is kept in its folder.
    pub(crate) fn move_state(&mut self, to: PathBuf) {
        if let Some(audit) = &mut self.audit
            && let Ok(within) = audit.file.strip_prefix(&self.state_dir)
        {
            audit.file = to.join(within);
        }
        self.state_dir = to;
    }
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
    /// What requests of the account itself are signed with: they may do everything in it.
    pub(crate) keys: Vec<AccessKey>,
    /// Its users.
    pub(crate) users: Vec<User>,
    /// Its roles.
    pub(crate) roles: Vec<Role>,
}

/// A user of an account.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// Unique in the account.
    pub(crate) name: String,
    /// What its requests are signed with.
    pub(crate) keys: Vec<AccessKey>,
    /// What it may do: its own policies and those of its groups.
    pub(crate) policies: Vec<Arc<Policy>>,
}

/// A role of an account.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// Unique in the account.
    pub(crate) name: String,
    /// Who may assume it.
    pub(crate) trust_policy: Arc<Policy>,
    /// What it may do.
    pub(crate) policies: Vec<Arc<Policy>>,
    /// The longest session.
    pub(crate) max_session_duration: Duration,
}

/// An access key of an account or of a user.
#[derive(Clone, Debug)]
pub(crate) struct AccessKey {
    /// Sent with each request.
    pub(crate) id: String,
    /// Never sent.
    pub(crate) secret: Secret,
    /// Whether the secret is written in the configuration itself, so that repeating it tells
    /// nothing.
    pub(crate) is_shown: bool,
}

/// The audit log of the API.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    /// The file.
    pub(crate) file: PathBuf,
    /// The size at which a new one is begun.
    pub(crate) rotate_bytes: u32,
    /// How many older ones are kept.
    pub(crate) keep: u32,
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

/// All mistakes of a configuration and the files that it names, in the order of their lines.
#[derive(Debug)]
pub(crate) struct Mistakes {
    file: PathBuf,
    found: Vec<Mistake>,
}

impl Mistakes {
    /// One by one, each with its file and line.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.found.iter().map(|Mistake { file, line, message }| {
            let file = file.as_ref().unwrap_or(&self.file).display();
            format!("{file}:{line}: {message}")
        })
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        match self.found.len() {
            1 => write!(f, "{file} has 1 mistake"),
            n => write!(f, "{file} has {n} mistakes"),
        }
    }
}

/// A configuration, or why there is none, and all files of identities that were read for it.
pub(crate) struct Loaded {
    /// What was read.
    pub(crate) config: Result<Config, LoadError>,
    /// The files as they were, the configuration first.
    pub(crate) files: Vec<Version>,
}

/// Reads the configuration file.
pub(crate) fn load(path: &Path, environment: Environment<'_>) -> Loaded {
    let mut files = vec![Version::of(path)];
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(source) => {
            let config = Err(LoadError::Read { path: path.to_owned(), source });
            return Loaded { config, files };
        }
    };
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let (config, others) = parse(&text, folder, environment);
    files.extend(others);
    let mistaken = |found| LoadError::Mistaken(Mistakes { file: path.to_owned(), found });
    Loaded { config: config.map_err(mistaken), files }
}

/// Looks a variable up in the environment of the process.
pub(crate) fn process_environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests;
