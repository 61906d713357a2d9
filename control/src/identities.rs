//! Whom the API knows: keys, users and roles with their policies, replaced as a whole.
//!
//! A request takes what is known at its beginning and keeps to it, so that it never sees the keys
//! of one configuration with the policies of another. Does not know where identities are written.

use std::sync::Arc;

use arc_swap::ArcSwap;
use control_core::{Caller, Identity};

use crate::{
    authorization::Authorizer,
    config::{AccessKey, Account},
    signature::Keys,
};

/// Whom the API knows. Clones share it.
#[derive(Clone, Debug)]
pub struct Identities(Arc<ArcSwap<Known>>);

impl Identities {
    /// Knows these accounts with their users and roles.
    pub fn new(accounts: &[Account]) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Known::of(accounts))))
    }

    /// Knows others from the next request on. Keys that are not among them, and sessions of roles
    /// that are not, are worth nothing any more.
    pub fn replace(&self, accounts: &[Account]) {
        self.0.store(Arc::new(Known::of(accounts)));
    }

    /// What is known now.
    pub(crate) fn now(&self) -> Arc<Known> {
        self.0.load_full()
    }
}

/// What is known at a moment.
#[derive(Debug)]
pub(crate) struct Known {
    /// Who signs with which key.
    pub(crate) keys: Keys,
    /// Who may do what.
    pub(crate) authorizer: Authorizer,
}

impl Known {
    fn of(accounts: &[Account]) -> Self {
        let roles = accounts.iter().flat_map(|account| {
            account.roles.iter().map(|role| Caller {
                account: account.id.clone(),
                identity: Identity::Role(role.name.clone()),
            })
        });
        let keys = keys(accounts)
            .map(|(key, caller)| (&*key.access_key_id, &*key.secret_access_key.0, caller));
        Self { keys: Keys::new(keys, roles), authorizer: Authorizer::new(accounts) }
    }
}

/// All access keys with whoever signs with them.
pub(crate) fn keys(accounts: &[Account]) -> impl Iterator<Item = (&AccessKey, Caller)> {
    accounts.iter().flat_map(|account| {
        let own = account.keys.iter().map(|key| (key, Caller::root(account.id.clone())));
        let users = account.users.iter().flat_map(|user| {
            let identity = Identity::User(user.name.clone());
            let caller = Caller { account: account.id.clone(), identity };
            user.keys.iter().map(move |key| (key, caller.clone()))
        });
        own.chain(users)
    })
}
