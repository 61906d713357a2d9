//! The configuration in the words of each plane. Decides nothing.

use std::sync::Arc;

use crate::config::{AccessKey, Addresses, Config, Role, User};

/// What control is told.
pub(crate) fn control(config: &Config) -> control::Config {
    let zones = config
        .zones
        .iter()
        .map(|zone| control_core::Zone { name: zone.name.clone(), id: zone.id.clone() });
    let accounts = config.accounts.iter().map(|account| control::Account {
        id: account.id.clone(),
        name: account.name.clone(),
        keys: keys(&account.keys),
        users: account.users.iter().map(user).collect(),
        roles: account.roles.iter().map(role).collect(),
    });
    control::Config {
        accounts: accounts.collect(),
        acceptance_timeout: config.acceptance_timeout,
        ..control::Config::new(config.region.clone(), zones.collect())
    }
}

fn keys(keys: &[AccessKey]) -> Vec<control::AccessKey> {
    let key = |key: &AccessKey| control::AccessKey {
        access_key_id: key.id.clone(),
        secret_access_key: control::Secret(key.secret.reveal().to_owned()),
    };
    keys.iter().map(key).collect()
}

fn user(user: &User) -> control::User {
    control::User {
        name: user.name.clone(),
        keys: keys(&user.keys),
        policies: user.policies.clone(),
    }
}

fn role(role: &Role) -> control::Role {
    control::Role {
        name: role.name.clone(),
        trust_policy: Arc::clone(&role.trust_policy),
        policies: role.policies.clone(),
        max_session_duration: role.max_session_duration,
    }
}

/// What the data plane is told.
pub(crate) fn dataplane(config: &Config) -> dataplane::Config {
    let defaults = dataplane::Config::default();
    dataplane::Config {
        workers: config.dataplane.workers.unwrap_or(defaults.workers),
        addresses: match config.addresses {
            Addresses::AsIs => dataplane::AddressMode::AsIs,
            Addresses::Freebind => dataplane::AddressMode::Freebind,
        },
        connect_timeout: config.dataplane.connect_timeout,
        ..defaults
    }
}

/// What DNS is told.
pub(crate) fn dns(config: &Config) -> dns::Config {
    dns::Config {
        networks: config.dns.networks.clone(),
        ..dns::Config::new(config.listen.dns, config.dns.workers)
    }
}
