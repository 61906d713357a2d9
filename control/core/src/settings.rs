//! What the operator decides once for all accounts. Does not know where it was read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use ipnet::Ipv6Net;
use model::{AccountId, RegionName, ZoneId, ZoneName};
use serde::{Deserialize, Serialize};

use crate::{
    quota::Quotas,
    resource::{Instance, PermissionRemoval, Target},
};

/// Certificates by ARN, each with the account that alone may use it; none is everybody.
pub type Certificates = BTreeMap<Arc<str>, Option<AccountId>>;

/// The operator's choices that decisions depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The Region that this control plane is.
    pub region: RegionName,
    /// Its Availability Zones.
    pub zones: Vec<Zone>,
    /// Whether each account has the zones' names in an order of its own, as on AWS.
    pub shuffle_zone_names: bool,
    /// Where the IPv6 blocks of VPCs are drawn from; none if VPCs must name theirs.
    pub ipv6_pool: Option<Ipv6Net>,
    /// How long a connection request waits for the provider. The guide says that it expires, not
    /// when; a week is the period of a VPC peering request.
    pub acceptance_timeout: Duration,
    /// How long a deleted endpoint stays listed, as clients poll for `deleted`.
    pub deleted_listed: Duration,
    /// How long a `ClientToken` is remembered.
    pub client_token_lifetime: Duration,
    /// How long a message about a connection waits to be sent.
    pub message_lifetime: Duration,
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
    /// How long a deletion waits for the data plane to say that it let go.
    pub release_timeout: Duration,
}

impl Settings {
    /// Settings of a Region with these zones and every default.
    pub fn new(region: RegionName, zones: Vec<Zone>) -> Self {
        Self {
            region,
            zones,
            shuffle_zone_names: false,
            ipv6_pool: None,
            acceptance_timeout: Duration::from_secs(7 * 24 * 3600),
            deleted_listed: Duration::from_secs(3600),
            client_token_lifetime: Duration::from_secs(24 * 3600),
            message_lifetime: Duration::from_secs(24 * 3600),
            other_regions: BTreeSet::new(),
            certificates: Certificates::new(),
            instances: BTreeMap::new(),
            quotas: Quotas::default(),
            permission_removal: PermissionRemoval::default(),
            release_timeout: Duration::from_secs(5),
        }
    }

    /// Whether an account may use the certificate with an ARN.
    pub fn has_certificate(&self, account: &AccountId, arn: &str) -> bool {
        let owner = self.certificates.get(arn);
        owner.is_some_and(|owner| owner.as_ref().is_none_or(|owner| owner == account))
    }

    /// Whether it is known where a target is: always, if it was registered by its address.
    pub fn knows(&self, target: &Target) -> bool {
        target.name.as_ref().is_none_or(|name| self.instances.contains_key(name))
    }

    /// What an account may register as a target by this name.
    pub fn instance(&self, account: &AccountId, name: &str) -> Option<&Instance> {
        let found = self.instances.get(name);
        found.filter(|it| it.account.as_ref().is_none_or(|owner| owner == account))
    }

    /// The zone that an account means. Names belong to the account (the guide: "AZ names may differ
    /// between accounts"); ids are the same for all.
    pub fn zone_id(&self, account: &AccountId, zone: &ZoneRef) -> Option<&ZoneId> {
        match zone {
            ZoneRef::Id(id) => self.zones.iter().map(|known| &known.id).find(|known| *known == id),
            ZoneRef::Name(name) => {
                let mut named = self.named(account);
                named.find(|(known, _)| *known == name).map(|(_, id)| id)
            }
        }
    }

    /// How an account names a zone; none if the zone is no longer configured.
    pub fn zone_name(&self, account: &AccountId, zone: &ZoneId) -> Option<&ZoneName> {
        self.named(account).find(|(_, id)| *id == zone).map(|(name, _)| name)
    }

    /// The zones as an account names them, in the order of the configuration's names.
    pub fn zones_of(&self, account: &AccountId) -> impl Iterator<Item = Zone> {
        self.named(account).map(|(name, id)| Zone { name: name.clone(), id: id.clone() })
    }

    /// Names with the zones that they are an account's names for. Shuffled, the order of the zones
    /// follows from the account alone, so it is the same after a restart and on every node; a zone
    /// that is added may rename others.
    fn named(&self, account: &AccountId) -> impl Iterator<Item = (&ZoneName, &ZoneId)> {
        let mut ids: Vec<&ZoneId> = self.zones.iter().map(|zone| &zone.id).collect();
        if self.shuffle_zone_names {
            ids.sort_by_cached_key(|id| (place(account, id), *id));
        }
        self.zones.iter().map(|zone| &zone.name).zip(ids)
    }
}

/// A number that follows from an account and a zone alone, for ever: FNV-1a, mixed once more.
fn place(account: &AccountId, zone: &ZoneId) -> u64 {
    let bytes = account.as_str().bytes().chain(zone.as_str().bytes());
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// An Availability Zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    /// Its name.
    pub name: ZoneName,
    /// Its id.
    pub id: ZoneId,
}

/// A zone as a caller writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ZoneRef {
    /// By the account's name for it.
    Name(ZoneName),
    /// By its id.
    Id(ZoneId),
}

impl fmt::Display for ZoneRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => fmt::Display::fmt(name, f),
            Self::Id(id) => fmt::Display::fmt(id, f),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn settings() -> Settings {
        let zone = |n: usize| Zone {
            name: format!("us-east-1{}", char::from(b"abcd"[n])).parse().unwrap(),
            id: format!("use1-az{}", n + 1).parse().unwrap(),
        };
        let mut settings = Settings::new("us-east-1".parse().unwrap(), (0..4).map(zone).collect());
        settings.shuffle_zone_names = true;
        settings
    }

    #[test]
    fn every_account_names_all_zones_and_means_what_it_names() {
        let settings = settings();
        let mut orders = BTreeSet::new();
        for number in 0..50_u64 {
            let account: AccountId = format!("{number:012}").parse().unwrap();
            let zones: Vec<_> = settings.zones_of(&account).collect();
            for zone in &zones {
                let by_name = ZoneRef::Name(zone.name.clone());
                assert_eq!(settings.zone_id(&account, &by_name), Some(&zone.id));
                assert_eq!(settings.zone_name(&account, &zone.id), Some(&zone.name));
                let by_id = ZoneRef::Id(zone.id.clone());
                assert_eq!(settings.zone_id(&account, &by_id), Some(&zone.id));
            }
            let ids: BTreeSet<_> = zones.iter().map(|zone| &zone.id).collect();
            assert_eq!(ids.len(), 4);
            orders.insert(zones.into_iter().map(|zone| zone.id).collect::<Vec<_>>());
        }
        assert!(orders.len() > 15, "{} orders of 24 for 50 accounts", orders.len());
    }

    #[test]
    fn an_accounts_order_never_changes() {
        let account = "111111111111".parse().unwrap();
        let settings = settings();
        let ids = settings.zones_of(&account).map(|zone| zone.id.to_string());
        assert_eq!(ids.collect::<Vec<_>>().join(" "), "use1-az1 use1-az3 use1-az4 use1-az2");
    }
}
