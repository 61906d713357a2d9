//! Security policies of TLS listeners: the names of AWS's that are taken, and what is spoken under
//! each.
//!
//! No TLS older than 1.2 and no suite without forward secrecy and authenticated encryption is
//! spoken under any name. Policies that ask for more safety than older clients have are kept to the
//! letter; those that would let older clients in are taken under the names that clients and
//! tutorials use most, and let none in. Does not know who speaks TLS.

/// A security policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SslPolicy {
    /// Its name.
    pub name: &'static str,
    /// Whether TLS 1.2 is spoken beside 1.3.
    pub is_tls12_allowed: bool,
}

/// What a listener has that names none: what AWS's console chooses.
pub const DEFAULT: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// The policies, by name.
pub const ALL: &[SslPolicy] = &[
    of("ELBSecurityPolicy-2016-08"),
    of("ELBSecurityPolicy-FS-1-2-2019-08"),
    of("ELBSecurityPolicy-FS-1-2-Res-2019-08"),
    of("ELBSecurityPolicy-FS-1-2-Res-2020-10"),
    of("ELBSecurityPolicy-TLS-1-2-2017-01"),
    of("ELBSecurityPolicy-TLS-1-2-Ext-2018-06"),
    of(DEFAULT),
    of("ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06"),
    of("ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"),
    of("ELBSecurityPolicy-TLS13-1-2-Res-2021-06"),
    SslPolicy { name: "ELBSecurityPolicy-TLS13-1-3-2021-06", is_tls12_allowed: false },
];

const fn of(name: &'static str) -> SslPolicy {
    SslPolicy { name, is_tls12_allowed: true }
}

/// The suites of TLS 1.3, the first preferred.
const TLS13: &[&str] =
    &["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"];
/// Those of TLS 1.2.
const TLS12: &[&str] = &[
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-CHACHA20-POLY1305",
];

impl SslPolicy {
    /// The policy with a name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|policy| policy.name == name).copied()
    }

    /// The protocols spoken, as the API writes them.
    pub fn protocols(self) -> &'static [&'static str] {
        if self.is_tls12_allowed { &["TLSv1.2", "TLSv1.3"] } else { &["TLSv1.3"] }
    }

    /// The suites spoken, as the API writes them, the first preferred.
    pub fn ciphers(self) -> impl Iterator<Item = &'static str> {
        let tls12 = if self.is_tls12_allowed { TLS12 } else { &[] };
        TLS13.iter().chain(tls12).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_found_by_name_in_their_order() {
        assert!(ALL.is_sorted_by_key(|policy| policy.name));
        assert!(SslPolicy::named(DEFAULT).unwrap().is_tls12_allowed);
        let newest = SslPolicy::named("ELBSecurityPolicy-TLS13-1-3-2021-06").unwrap();
        assert_eq!(newest.protocols(), ["TLSv1.3"]);
        assert!(newest.ciphers().all(|name| name.starts_with("TLS_")));
        // It asks for TLS 1.1.
        assert_eq!(SslPolicy::named("ELBSecurityPolicy-TLS13-1-1-2021-06"), None);
    }
}
