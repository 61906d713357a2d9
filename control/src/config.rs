//! What control is told at its start: the Region, its zones, the accounts, their keys, users and
//! roles. Does not know where it was written; `daemon` reads it.

use std::{fmt, sync::Arc, time::Duration};

use control_core::{Caller, Identity, Settings, Zone};
pub use iam::{Document as Policy, MalformedPolicy, document::Kind as PolicyKind};
use model::{AccountId, RegionName};

/// What control is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The Region that this control plane is.
    pub region: RegionName,
    /// Its Availability Zones.
    pub zones: Vec<Zone>,
    /// The tenants.
    pub accounts: Vec<Account>,
    /// How long a connection request waits for the provider.
    pub acceptance_timeout: Duration,
    /// How long a deleted endpoint stays listed.
    pub deleted_listed: Duration,
}

impl Config {
    /// A configuration with every default: no account, a week to accept, an hour to list deleted
    /// endpoints.
    pub fn new(region: RegionName, zones: Vec<Zone>) -> Self {
        let Settings { region, zones, acceptance_timeout, deleted_listed, .. } =
            Settings::new(region, zones);
        Self { region, zones, accounts: Vec::new(), acceptance_timeout, deleted_listed }
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
