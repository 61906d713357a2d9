//! The configuration in the words of each plane. Decides nothing.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use control_core::throttle::{Rate, Rates};
use dns::CookieSecret;
use model::ZoneName;

use crate::config::{self, AccessKey, Addresses, Config, Cookies, Role, User};

/// What control is told.
pub(crate) fn control(config: &Config) -> control::Config {
    let zones = config
        .zones
        .iter()
        .map(|zone| control_core::Zone { name: zone.name.clone(), id: zone.id.clone() });
    control::Config {
        accounts: accounts(config),
        shuffle_zone_names: config.shuffle_zone_names,
        ipv6_pool: config.ipv6_pool,
        acceptance_timeout: config.acceptance_timeout,
        other_regions: config.services.other_regions.clone(),
        quotas: config.quotas.clone(),
        permission_removal: config.services.permission_removal,
        limits: limits(&config.limits),
        certificates: config
            .certificates
            .iter()
            .map(|it| (Arc::clone(&it.arn), it.account.clone()))
            .collect(),
        instances: instances(config),
        ..control::Config::new(config.region.clone(), zones.collect())
    }
}

/// Where instances are.
fn instances(config: &Config) -> BTreeMap<Arc<str>, control_core::resource::Instance> {
    let zone_id = |name: &ZoneName| {
        config.zones.iter().find(|zone| zone.name == *name).map(|it| it.id.clone())
    };
    let instance = |it: &config::Instance| control_core::resource::Instance {
        address: it.address,
        zone: it.zone.as_ref().and_then(zone_id),
        account: it.account.clone(),
    };
    config.instances.iter().map(|(id, it)| (Arc::clone(id), instance(it))).collect()
}

/// The accounts with whom they have.
pub(crate) fn accounts(config: &Config) -> Vec<control::Account> {
    let account = |account: &config::Account| control::Account {
        id: account.id.clone(),
        name: account.name.clone(),
        keys: keys(&account.keys),
        users: account.users.iter().map(user).collect(),
        roles: account.roles.iter().map(role).collect(),
    };
    config.accounts.iter().map(account).collect()
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

/// What the audit log is told.
pub(crate) fn audit(audit: &config::Audit) -> control::audit::Config {
    control::audit::Config {
        rotate_bytes: audit.rotate_bytes.into(),
        keep: audit.keep,
        ..control::audit::Config::new(&audit.file)
    }
}

fn limits(limits: &config::limits::Limits) -> control::Limits {
    let defaults = control::Limits::default();
    let rate = |default: Option<Rate>, set: config::limits::Rate| {
        default.map(|default| {
            let burst = set.burst.unwrap_or_else(|| default.burst.get());
            Rate::new(burst, set.per_second.unwrap_or_else(|| default.per_second.get()))
        })
    };
    let rates = Rates {
        reads: rate(defaults.rates.reads, limits.reads),
        changes: rate(defaults.rates.changes, limits.changes),
    };
    control::Limits {
        rates: if limits.is_unthrottled { Rates::UNLIMITED } else { rates },
        connections_per_peer: limits.connections_per_peer.unwrap_or(defaults.connections_per_peer),
        head_timeout: limits.head_timeout.unwrap_or(defaults.head_timeout),
        body_timeout: limits.body_timeout.unwrap_or(defaults.body_timeout),
        keep_alive: limits.keep_alive.unwrap_or(defaults.keep_alive),
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
        idle_end: config.dataplane.idle_end.unwrap_or_default(),
        source_addresses: config.dataplane.source_addresses.clone(),
        packet_bytes_max: config.dataplane.mtu,
        target_tls: config.dataplane.target_tls.clone(),
        udp_flows_max: config.dataplane.udp_flows.unwrap_or(defaults.udp_flows_max),
        udp_proxy_header: config.dataplane.udp_proxy_header,
        ..defaults
    }
}

/// What DNS is told.
#[cfg_attr(not(feature = "dot"), expect(unused_variables, reason = "DNS over TLS is left out"))]
pub(crate) fn dns(
    config: &Config,
    certificate: Option<&control::tls::Tls>,
) -> anyhow::Result<dns::Config> {
    Ok(dns::Config {
        networks: config.dns.networks.clone(),
        forward: config.dns.forward.clone(),
        identity: config.dns.identity.clone(),
        cookies: cookies(&config.dns.cookies)?,
        rate_limit: config.dns.rate_limit.clone(),
        query_log: config.dns.query_log.clone(),
        // The protocol's name in TLS (RFC 7858 has none, IANA's registry does).
        #[cfg(feature = "dot")]
        tls: config.dns.tls.zip(certificate).map(|(listen, certificate)| dns::Tls {
            listen,
            config: certificate.config_for(b"dot"),
        }),
        ..dns::Config::new(config.listen.dns, config.dns.workers)
    })
}

fn cookies(cookies: &Cookies) -> anyhow::Result<Option<CookieSecret>> {
    Ok(match cookies {
        Cookies::Off => None,
        Cookies::Shared { present, former } => Some(CookieSecret::shared(*present, *former)),
        Cookies::Drawn => {
            let mut bits = [0; 16];
            getrandom::fill(&mut bits).context("draw the secret of DNS cookies")?;
            Some(CookieSecret::drawn(bits))
        }
    })
}
