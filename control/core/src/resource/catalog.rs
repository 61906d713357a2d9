//! What makes a service one of the platform's own catalogue, which everybody sees under a public
//! name and with the owner `amazon` (guide: "AWS services that integrate with AWS PrivateLink").
//! Does not know who serves it: that is the service around it.

use model::{DnsName, ENDPOINT_DOMAIN, RegionName};
use serde::{Deserialize, Serialize};

use crate::{refusal::Refusal, resource::ServiceName};

/// Whom a catalogue's service belongs to, as everybody is told.
pub const CATALOG_OWNER: &str = "amazon";

/// Longest base name, in bytes: an endpoint's names put up to 63 bytes and a dot before it, and a
/// domain name has 253.
pub const BASE_NAME_BYTES_MAX: usize = 128;
/// Longest name of a service, in bytes; AWS's have less than half of it.
const NAME_BYTES_MAX: usize = 128;
/// Private DNS names of one service; AWS's have up to four forms, times wildcards. It bounds what
/// an endpoint puts into its network's DNS.
pub const PRIVATE_NAMES_MAX: usize = 20;

/// How a service stands in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogEntry {
    /// The name that consumers ask for it by, for example `com.amazonaws.us-east-1.xray`.
    pub name: ServiceName,
    /// Which endpoints it is for.
    pub service_type: ServiceType,
    /// The domain of its endpoints' names, for example `xray.us-east-1.vpce.amazonaws.com`.
    pub base_name: DnsName,
    /// The names that clients in a consumer's network may reach it by; the domains are the
    /// platform's, so nothing has to be proven.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private_dns_names: Vec<DnsName>,
    /// Whether endpoints to it may have a policy.
    pub policy_supported: bool,
}

/// Which endpoints a service is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceType {
    /// Interface endpoints.
    #[default]
    Interface,
    /// Gateway endpoints, which are routes and are not served here: the service is listed, as tools
    /// expect of the names that AWS has.
    Gateway,
}

impl CatalogEntry {
    /// The base name that AWS's own form of names leads to: what follows the Region, the other way
    /// round; `com.amazonaws.us-east-1.ecr.api` becomes `api.ecr.us-east-1.vpce.amazonaws.com`.
    /// Names without the Region lose their first two labels instead.
    pub fn usual_base_name(name: &ServiceName, region: &RegionName) -> Option<DnsName> {
        let labels: Vec<&str> = name.0.split('.').collect();
        let at = labels.iter().position(|label| *label == region.as_str());
        let own = labels.get(at.map_or(2, |at| at + 1)..)?;
        if own.is_empty() {
            return None;
        }
        let own: Vec<&str> = own.iter().rev().copied().collect();
        format!("{}.{region}.{ENDPOINT_DOMAIN}", own.join(".")).to_ascii_lowercase().parse().ok()
    }

    /// Whether a text can be the name of a service of the catalogue; those of services made by
    /// accounts cannot.
    pub fn is_name(name: &ServiceName) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        (1..=NAME_BYTES_MAX).contains(&name.0.len())
            && name.0.bytes().all(plain)
            && name.0.contains('.')
            && !name.0.starts_with(super::service::NAME_PREFIX)
    }

    /// Whether a domain can be the base name of a service in a Region.
    pub fn is_base_name(base_name: &DnsName, region: &RegionName) -> bool {
        let within = format!(".{region}.{ENDPOINT_DOMAIN}");
        let own = base_name.as_str().strip_suffix(&within);
        base_name.as_str().len() <= BASE_NAME_BYTES_MAX && own.is_some_and(|own| own != "*")
    }

    /// Refuses what no catalogue may have.
    pub(crate) fn check(&self, region: &RegionName) -> Result<(), Refusal> {
        let fits = Self::is_name(&self.name)
            && Self::is_base_name(&self.base_name, region)
            && self.private_dns_names.len() <= PRIVATE_NAMES_MAX;
        if fits { Ok(()) } else { Err(Refusal::CatalogEntryMalformed(self.name.clone())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_names_are_those_that_aws_has() {
        let region = "us-east-1".parse().unwrap();
        for (name, expected) in [
            ("com.amazonaws.us-east-1.xray", Some("xray.us-east-1.vpce.amazonaws.com")),
            ("com.amazonaws.us-east-1.ecr.api", Some("api.ecr.us-east-1.vpce.amazonaws.com")),
            ("aws.api.us-east-1.freetier", Some("freetier.us-east-1.vpce.amazonaws.com")),
            ("com.amazonaws.iam", Some("iam.us-east-1.vpce.amazonaws.com")),
            ("com.amazonaws", None),
            ("com.amazonaws.us-east-1", None),
        ] {
            let base = CatalogEntry::usual_base_name(&ServiceName(name.into()), &region);
            assert_eq!(base.as_ref().map(DnsName::as_str), expected, "{name}");
            assert!(base.is_none_or(|base| CatalogEntry::is_base_name(&base, &region)));
        }
    }

    #[test]
    fn names_of_accounts_services_are_not_the_catalogues() {
        for (name, expected) in [
            ("com.amazonaws.us-east-1.xray", true),
            ("com.amazonaws.vpce.us-east-1.vpce-svc-00000000000000001", false),
            ("xray", false),
            ("a b.c", false),
            ("", false),
        ] {
            assert_eq!(CatalogEntry::is_name(&ServiceName(name.into())), expected, "{name}");
        }
    }
}
