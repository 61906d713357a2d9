//! The configuration in the words of each plane. Decides nothing.

use crate::config::{Addresses, Config};

/// What control is told.
pub(crate) fn control(config: &Config) -> control::Config {
    let zones = config
        .zones
        .iter()
        .map(|zone| control_core::Zone { name: zone.name.clone(), id: zone.id.clone() });
    let accounts = config.accounts.iter().map(|account| control::Account {
        id: account.id.clone(),
        name: account.name.clone(),
        keys: account
            .keys
            .iter()
            .map(|key| control::AccessKey {
                access_key_id: key.id.clone(),
                secret_access_key: control::Secret(key.secret.reveal().to_owned()),
            })
            .collect(),
    });
    control::Config {
        accounts: accounts.collect(),
        acceptance_timeout: config.acceptance_timeout,
        ..control::Config::new(config.region.clone(), zones.collect())
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
        forward: config.dns.forward.clone(),
        ..dns::Config::new(config.listen.dns, config.dns.workers)
    }
}
