//! What control is told at its start: the Region, its zones, the accounts, their keys, users and
//! roles. Does not know where it was written; `daemon` reads it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use control_core::{
    Settings, Zone,
    quota::Quotas,
    resource::{Instance, PermissionRemoval},
    settings::Certificates,
    throttle::Rates,
};
pub use iam::{Document as Policy, MalformedPolicy, document::Kind as PolicyKind};
use ipnet::Ipv6Net;
use model::{AccountId, RegionName};

/// What control is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The Region that this control plane is.
    pub region: RegionName,
    /// Its Availability Zones.
    pub zones: Vec<Zone>,
    /// Whether each account has the zones' names in an order of its own.
    pub shuffle_zone_names: bool,
    /// Where the IPv6 blocks of VPCs are drawn from.
    pub ipv6_pool: Option<Ipv6Net>,
    /// The tenants, as they are at the start.
    pub accounts: Vec<Account>,
    /// How long a connection request waits for the provider.
    pub acceptance_timeout: Duration,
    /// How long a deleted endpoint stays listed.
    pub deleted_listed: Duration,
    /// Regions besides this one that services may be offered in.
    pub other_regions: BTreeSet<RegionName>,
    /// The certificates that TLS listeners may have, by ARN.
    pub certificates: Certificates,
    /// Instances and load balancers elsewhere that targets may be, by id or ARN.
    pub instances: BTreeMap<Arc<str>, Instance>,
    /// How much of everything accounts may have.
    pub quotas: Quotas,
    /// What becomes of endpoints when the permission that had admitted them is taken away.
    pub permission_removal: PermissionRemoval,
    /// What callers of the API may use of it.
    pub limits: Limits,
}

/// What callers of the API may use of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How often an account may call.
    pub rates: Rates,
    /// How many connections an address may have open; for IPv6, a /64. Never more than are left.
    pub connections_per_peer: usize,
    /// How long the head of a request may take, on a new connection from its beginning.
    pub head_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How long a connection may wait for its next request.
    pub keep_alive: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rates: Rates::default(),
            // Half of all, so that one peer cannot take them all. Not less, as all tenants behind
            // one address translation are one peer.
            connections_per_peer: 256,
            // Stock clients send the head in one write.
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(15),
            // Longer than stock clients pause between polls of a state.
            keep_alive: Duration::from_secs(60),
        }
    }
}

impl Config {
    /// A configuration with every default: no account, a week to accept, an hour to list deleted
    /// endpoints.
    pub fn new(region: RegionName, zones: Vec<Zone>) -> Self {
        let Settings { region, zones, acceptance_timeout, deleted_listed, .. } =
            Settings::new(region, zones);
        let limits = Limits::default();
        Self {
            region,
            zones,
            shuffle_zone_names: false,
            ipv6_pool: None,
            accounts: Vec::new(),
            acceptance_timeout,
            deleted_listed,
            other_regions: BTreeSet::new(),
            certificates: Certificates::new(),
            instances: BTreeMap::new(),
            quotas: Quotas::default(),
            permission_removal: PermissionRemoval::default(),
            limits,
        }
    }

    /// What the core needs of it.
    pub fn settings(&self) -> Settings {
        Settings {
            shuffle_zone_names: self.shuffle_zone_names,
            ipv6_pool: self.ipv6_pool,
            acceptance_timeout: self.acceptance_timeout,
            deleted_listed: self.deleted_listed,
            other_regions: self.other_regions.clone(),
            certificates: self.certificates.clone(),
            instances: self.instances.clone(),
            quotas: self.quotas.clone(),
            permission_removal: self.permission_removal,
            ..Settings::new(self.region.clone(), self.zones.clone())
        }
    }
}

/// A tenant.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its twelve digits.
    pub id: AccountId,
    /// A name for people.
    pub name: String,
    /// The keys that sign as the account itself.
    pub keys: Vec<AccessKey>,
    /// Its users.
    pub users: Vec<User>,
    /// Its roles.
    pub roles: Vec<Role>,
}

/// A user of an account: may do what its policies permit.
#[derive(Clone, Debug)]
pub struct User {
    /// Its name, unique in the account.
    pub name: String,
    /// The keys that sign as the user.
    pub keys: Vec<AccessKey>,
    /// Its identity policies, those of its groups included.
    pub policies: Vec<Arc<Policy>>,
}

/// A role of an account: whom its trust policy admits may act as it for a time.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name, unique in the account.
    pub name: String,
    /// Who may assume it.
    pub trust_policy: Arc<Policy>,
    /// Its identity policies.
    pub policies: Vec<Arc<Policy>>,
    /// The longest session.
    pub max_session_duration: Duration,
}

/// A key that signs requests.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Names the key, in clear in every request.
    pub access_key_id: String,
    /// Signs with it.
    pub secret_access_key: Secret,
}

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
