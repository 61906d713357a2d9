//! The tables of `dns` that say how questions are answered, whatever they are about: what the
//! server says about itself, cookies, rate limits.

use std::{num::NonZeroU32, path::Path};

use dns::{Identity, Prefixes, QueryLog, Rate, RateLimit};
use ipnet::IpNet;
use model::VpcId;
use toml::de::DeValue;

use super::super::{
    Environment,
    kind::{Kind, Switch, Text, Whole},
    reader::{Placed, Table},
    secret::{self, Keys, Secret},
};
use super::{CLIENTS, VPC};

/// What server cookies are made with.
#[derive(Clone, Debug)]
pub(crate) enum Cookies {
    /// There are none.
    Off,
    /// A secret drawn at each start.
    Drawn,
    /// Secrets that other servers have, too.
    Shared {
        /// Makes cookies.
        present: [u8; 16],
        /// Made them before.
        former: Option<[u8; 16]>,
    },
}

/// What NSD and BIND's documentation take for more than any resolver asks of one server.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(200).expect("200 is not zero");
/// Addresses that cannot be forged from afar to have us send to a victim there: loopback, networks
/// of one's own (RFC 1918, 4193, 6598) and of one link (RFC 3927, 4291).
const NEAR: [&str; 9] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// A text that is said to whoever asks.
struct Said(usize);

impl Kind<String> for Said {
    fn expected(&self) -> String {
        format!("a text of 1 to {} printable characters", self.0)
    }

    fn read(&self, value: &DeValue<'_>) -> Option<String> {
        let text = value.as_str()?;
        let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        (is_plain && (1..=self.0).contains(&text.len())).then(|| text.to_owned())
    }
}

/// Reads the table `identity`.
pub(super) fn read_identity(dns: &mut Table<'_>) -> Identity {
    let Some(mut table) = dns.table("identity") else { return Identity::SILENT };
    let nsid = table.optional("nsid", &Said(dns::NSID_LEN_MAX));
    let version = table.optional("version", &Said(dns::CHAOS_LEN_MAX));
    let id = table.optional("id", &Said(dns::CHAOS_LEN_MAX));
    table.finish();
    Identity::new(nsid.as_deref(), version.as_deref(), id.as_deref())
}

/// Reads the table `cookies`.
pub(super) fn read_cookies(
    dns: &mut Table<'_>,
    folder: &Path,
    environment: Environment<'_>,
) -> Cookies {
    let Some(mut table) = dns.table("cookies") else { return Cookies::Drawn };
    let is_on = table.optional("enabled", &Switch).unwrap_or(true);
    let mut read = |keys: Keys| {
        let secret = secret::read_optional(&mut table, keys, folder, environment)?;
        let key = key(&secret);
        if key.is_none() {
            let given = keys.given(&table);
            table.report(given.first().unwrap_or(&"secret"), "expected 32 hexadecimal digits");
        }
        key
    };
    let (present, former) = (read(secret::SIGNING), read(secret::FORMER));
    if former.is_some() && secret::SIGNING.given(&table).is_empty() {
        let given = secret::FORMER.given(&table);
        table.report(given.first().unwrap_or(&"secret"), "there is no secret that came after it");
    }
    table.finish();
    match present {
        _ if !is_on => Cookies::Off,
        None => Cookies::Drawn,
        Some(present) => Cookies::Shared { present, former },
    }
}

/// The key that 32 hexadecimal digits are.
fn key(secret: &Secret) -> Option<[u8; 16]> {
    let text = secret.reveal();
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten().map(u128::to_be_bytes)
}

/// Reads the table `rate_limit`.
pub(super) fn read_rate_limit(dns: &mut Table<'_>) -> Option<RateLimit> {
    let near = NEAR.iter().filter_map(|text| text.parse().ok());
    let mut limit = RateLimit {
        rate: Rate {
            per_second: PER_SECOND,
            burst: PER_SECOND,
            ipv4_prefix_len: 24,
            ipv6_prefix_len: 56,
        },
        slip: 1,
        exempt: Prefixes::new(near),
        is_exempt_in_vpcs: true,
        amplification_max: Some(3),
    };
    let Some(mut table) = dns.table("rate_limit") else { return Some(limit) };
    let is_on = table.optional("enabled", &Switch).unwrap_or(true);
    let rates = Whole { min: 1, max: 1_000_000 };
    let rate = &mut limit.rate;
    rate.per_second = table.optional("per_second", &rates).unwrap_or(rate.per_second);
    rate.burst = table.optional("burst", &rates).unwrap_or(rate.per_second);
    let lens = |max| Whole { min: 8, max };
    rate.ipv4_prefix_len = table.optional("ipv4_prefix", &lens(32)).unwrap_or(24);
    rate.ipv6_prefix_len = table.optional("ipv6_prefix", &lens(128)).unwrap_or(56);
    limit.slip = table.optional("slip", &Whole { min: 0, max: 10 }).unwrap_or(limit.slip);
    if table.has("exempt") {
        let exempt: Vec<Placed<IpNet>> = table.list("exempt", &CLIENTS);
        limit.exempt = Prefixes::new(exempt.into_iter().map(|prefix| prefix.value));
    } else {
        table.know(&["exempt"]);
    }
    limit.is_exempt_in_vpcs = table.optional("exempt_vpcs", &Switch).unwrap_or(true);
    let times = Whole { min: 0, max: 100 };
    if let Some(times) = table.optional::<usize>("amplification", &times) {
        if times == 1 {
            table.report("amplification", "1 leaves no room for a cookie; 0 means no bound");
        }
        limit.amplification_max = (times > 0).then_some(times);
    }
    table.finish();
    is_on.then_some(limit)
}

/// Reads the table `query_log`; there is no log without it.
pub(super) fn read_query_log(dns: &mut Table<'_>, folder: &Path) -> Option<QueryLog> {
    let mut table = dns.table("query_log")?;
    let file = table.required("file", &Text("the path of a file"));
    let vpcs: Vec<Placed<VpcId>> = table.list("vpcs", &VPC);
    let sizes = Whole { min: 64 * 1024, max: u32::MAX };
    let rotate_bytes = table.optional("rotate_bytes", &sizes).unwrap_or(100 * 1024 * 1024);
    let keep = table.optional("keep", &Whole { min: 0, max: 1000 }).unwrap_or(10);
    table.finish();
    Some(QueryLog {
        file: folder.join(file?),
        rotate_bytes,
        keep,
        vpcs: vpcs.into_iter().map(|vpc| vpc.value).collect(),
    })
}
