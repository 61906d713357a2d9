//! What the operator decides once for all accounts. Does not know where it was read.

use std::{collections::BTreeSet, fmt, time::Duration};

use model::{AccountId, RegionName, ZoneId, ZoneName};
use serde::{Deserialize, Serialize};

use crate::{quota::Quotas, resource::PermissionRemoval};

/// The operator's choices that decisions depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The Region that this control plane is.
    pub region: RegionName,
    /// Its Availability Zones.
    pub zones: Vec<Zone>,
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
            acceptance_timeout: Duration::from_secs(7 * 24 * 3600),
            deleted_listed: Duration::from_secs(3600),
            client_token_lifetime: Duration::from_secs(24 * 3600),
            message_lifetime: Duration::from_secs(24 * 3600),
            other_regions: BTreeSet::new(),
            quotas: Quotas::default(),
            permission_removal: PermissionRemoval::default(),
            release_timeout: Duration::from_secs(5),
        }
    }

    /// The zone that an account means. Names belong to the account (the guide: "AZ names may differ
    /// between accounts"); ids are the same for all.
    pub fn zone_id(&self, account: &AccountId, zone: &ZoneRef) -> Option<&ZoneId> {
        self.zones_of(account)
            .find(|known| match zone {
                ZoneRef::Name(name) => &known.name == name,
                ZoneRef::Id(id) => &known.id == id,
            })
            .map(|known| &known.id)
    }

    /// How an account names a zone; none if the zone is no longer configured.
    pub fn zone_name(&self, account: &AccountId, zone: &ZoneId) -> Option<&ZoneName> {
        self.zones_of(account).find(|known| &known.id == zone).map(|known| &known.name)
    }

    /// The zones as an account names them.
    pub fn zones_of(&self, _account: &AccountId) -> impl Iterator<Item = &Zone> {
        self.zones.iter()
    }
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
