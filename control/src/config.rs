//! What control is told at its start: the Region, its zones, the accounts, their keys, users and
//! roles. Does not know where it was written; `daemon` reads it.

use std::{fmt, sync::Arc, time::Duration};

use control_core::{Caller, Identity, Settings, Zone, throttle::Rates};
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
    /// The tenants.
    pub accounts: Vec<Account>,
    /// How long a connection request waits for the provider.
    pub acceptance_timeout: Duration,
    /// How long a deleted endpoint stays listed.
    pub deleted_listed: Duration,
    /// What callers of the API may use of it.
    pub limits: Limits,
}

/// What callers of the API may use of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How often an account may call.
    pub rates: Rates,
    /// How many connections an address may have open; for IPv6, a /64.
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
            limits,
        }
    }

    /// All access keys with whoever signs with them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&AccessKey, Caller)> {
        self.accounts.iter().flat_map(|account| {
            let own = account.keys.iter().map(|key| (key, Caller::root(account.id.clone())));
            let users = account.users.iter().flat_map(|user| {
                let identity = Identity::User(user.name.clone());
                let caller = Caller { account: account.id.clone(), identity };
                user.keys.iter().map(move |key| (key, caller.clone()))
            });
            own.chain(users)
        })
    }

    /// What the core needs of it.
    pub fn settings(&self) -> Settings {
        Settings {
            shuffle_zone_names: self.shuffle_zone_names,
            ipv6_pool: self.ipv6_pool,
            acceptance_timeout: self.acceptance_timeout,
            deleted_listed: self.deleted_listed,
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
