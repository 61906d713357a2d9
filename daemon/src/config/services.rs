//! The table `services`: what the operator decides about all endpoint services, and the catalogue
//! of services that everybody sees as `amazon`'s.
//!
//! What serves a name is a load balancer of the bootstrap part, or targets that are named on the
//! spot. Does not know how either is made.

use std::{collections::BTreeSet, net::SocketAddr, num::NonZeroU16, str::FromStr};

use control_core::resource::{
    CatalogEntry, PermissionRemoval, ServiceName, ServiceType, catalog::PRIVATE_NAMES_MAX,
};
use model::{AccountId, DnsName, RegionName};

use super::{
    bootstrap::OneOf,
    kind::{Kind, Parsed, Switch, Whole, Word},
    read::SOCKET_ADDRESS,
    reader::{Placed, Table},
};

/// What the operator decides about endpoint services.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    /// Regions besides the one that services may be offered in.
    pub(crate) other_regions: BTreeSet<RegionName>,
    /// What becomes of endpoints when the permission that had admitted them is taken away.
    pub(crate) permission_removal: PermissionRemoval,
    /// The catalogue.
    pub(crate) amazon: Vec<Amazon>,
}

/// A service of the catalogue.
#[derive(Clone, Debug)]
pub(crate) struct Amazon {
    /// How everybody sees it.
    pub(crate) entry: CatalogEntry,
    /// What serves it.
    pub(crate) backing: Backing,
}

/// What serves a name of the catalogue.
#[derive(Clone, Debug)]
pub(crate) enum Backing {
    /// Nothing: the name is listed only.
    Nothing {
        /// Whose service it is.
        account: AccountId,
    },
    /// Load balancers of the bootstrap part, by their names.
    LoadBalancers(Vec<String>),
    /// Targets that are named on the spot.
    Listeners {
        /// Whose resources are made for them.
        account: AccountId,
        /// Whether connections start with a PROXY protocol version 2 header.
        proxy_protocol_v2: bool,
        /// What clients dial, and where that leads.
        listeners: Vec<Listener>,
    },
}

/// A port with targets of its own.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// What clients dial.
    pub(crate) port: NonZeroU16,
    /// Where that leads; never empty.
    pub(crate) targets: Vec<SocketAddr>,
}

/// Whose the resources behind the catalogue are if no account is named: nobody has a key of it.
const PLATFORM_ACCOUNT: &str = "000000000000";

/// Reads the table `services`, in a Region.
pub(super) fn read(root: &mut Table<'_>, region: Option<&RegionName>) -> Services {
    let accounts = OneOf::of("an account", root.names("accounts", "id"));
    let balancers = root.names_within("bootstrap", "load_balancers", "name");
    let balancers = OneOf::of("a load balancer of the bootstrap", balancers);
    let mut services = Services::default();
    let Some(mut table) = root.table("services") else { return services };
    let words = Word(&[("keep", PermissionRemoval::Keep), ("reject", PermissionRemoval::Reject)]);
    services.permission_removal = table.optional("permission_removal", &words).unwrap_or_default();
    for Placed { value, place } in table.list("regions", &Parsed("the name of a Region")) {
        if Some(&value) == region {
            let path = table.path_of("regions");
            table.report_place(place, format!("`{path}`: {value} is the Region of this file"));
        }
        services.other_regions.insert(value);
    }
    let mut taken = BTreeSet::new();
    for mut one in table.tables("amazon") {
        let amazon = region.and_then(|region| read_amazon(&mut one, region, &accounts, &balancers));
        if let Some(Amazon { entry, .. }) = &amazon
            && !taken.insert((entry.name.0.clone(), entry.service_type))
        {
            one.report("name", "another service of the catalogue has this name and type");
        }
        one.finish();
        services.amazon.extend(amazon);
    }
    table.finish();
    services
}

fn read_amazon(
    table: &mut Table<'_>,
    region: &RegionName,
    accounts: &OneOf,
    balancers: &OneOf,
) -> Option<Amazon> {
    let name = Parsed("a name such as \"com.amazonaws.us-east-1.xray\"");
    let name = table.required("name", &name).map(|CatalogName(name)| name);
    let types = Word(&[("interface", ServiceType::Interface), ("gateway", ServiceType::Gateway)]);
    let service_type = table.optional("type", &types).unwrap_or_default();
    let private_dns_names = read_private_names(table);
    let base_name = read_base_name(table, region, name.as_ref());
    let policy_supported = table.optional("policy_supported", &Switch).unwrap_or(true);
    let backing = read_backing(table, service_type, accounts, balancers);
    let (name, base_name) = (name?, base_name?);
    let entry = CatalogEntry { name, service_type, base_name, private_dns_names, policy_supported };
    Some(Amazon { entry, backing: backing? })
}

fn read_private_names(table: &mut Table<'_>) -> Vec<DnsName> {
    let mut names = Vec::new();
    let expected = Parsed("a lower-case domain name such as \"xray.us-east-1.amazonaws.com\"");
    for Placed { value: Domain(name), place } in table.list("private_dns_names", &expected) {
        if names.contains(&name) {
            let path = table.path_of("private_dns_names");
            table.report_place(place, format!("`{path}`: {name} is there twice"));
        }
        names.push(name);
    }
    if names.len() > PRIVATE_NAMES_MAX {
        table.report("private_dns_names", format!("expected at most {PRIVATE_NAMES_MAX} names"));
    }
    names
}

/// The base name, or the one that AWS's form of names leads to.
fn read_base_name(
    table: &mut Table<'_>,
    region: &RegionName,
    name: Option<&ServiceName>,
) -> Option<DnsName> {
    let form = format!("expected a domain name below {region}.vpce.amazonaws.com");
    let given: Option<DnsName> = table.optional("base_dns_name", &Parsed("a domain name"));
    if table.has("base_dns_name") {
        let fits = given.filter(|given| CatalogEntry::is_base_name(given, region));
        if fits.is_none() {
            table.report("base_dns_name", form);
        }
        return fits;
    }
    let usual = CatalogEntry::usual_base_name(name?, region);
    let fits = usual.filter(|usual| CatalogEntry::is_base_name(usual, region));
    if fits.is_none() {
        table.report("base_dns_name", format!("missing, as none follows from the name; {form}"));
    }
    fits
}

fn read_backing(
    table: &mut Table<'_>,
    service_type: ServiceType,
    accounts: &OneOf,
    balancers: &OneOf,
) -> Option<Backing> {
    let (has_balancers, has_listeners) = (table.has("load_balancers"), table.has("listeners"));
    let named: Vec<String> =
        table.list("load_balancers", balancers).into_iter().map(|it| it.value).collect();
    let account = table.optional("account", accounts);
    let account = account.as_deref().unwrap_or(PLATFORM_ACCOUNT).parse().ok()?;
    let proxy_protocol_v2 = table.optional("proxy_protocol_v2", &Switch);
    let listeners = read_listeners(table);
    if has_balancers == has_listeners && service_type == ServiceType::Interface {
        table.report("load_balancers", "expected either load_balancers or listeners");
        return None;
    }
    if service_type == ServiceType::Gateway {
        if has_balancers || has_listeners {
            table.report("type", "a gateway is listed only, and nothing serves it");
        }
        return Some(Backing::Nothing { account });
    }
    if has_balancers {
        for key in ["account", "proxy_protocol_v2"] {
            if table.has(key) {
                table.report(key, "the load balancers say that already; expected only listeners");
            }
        }
        if named.is_empty() {
            table.report("load_balancers", format!("expected {} at least", balancers.expected()));
        }
        return Some(Backing::LoadBalancers(named));
    }
    if listeners.is_empty() {
        table.report("listeners", "expected one with port and targets at least");
    }
    let proxy_protocol_v2 = proxy_protocol_v2.unwrap_or(false);
    Some(Backing::Listeners { account, proxy_protocol_v2, listeners })
}

fn read_listeners(table: &mut Table<'_>) -> Vec<Listener> {
    let (mut listeners, mut ports) = (Vec::new(), BTreeSet::new());
    for mut one in table.tables("listeners") {
        let port: Option<NonZeroU16> = one.required("port", &Whole { min: 1, max: 65535 });
        if port.is_some_and(|port| !ports.insert(port)) {
            one.report("port", "another listener of the service has this port");
        }
        let targets: Vec<SocketAddr> =
            one.list("targets", &SOCKET_ADDRESS).into_iter().map(|it| it.value).collect();
        if targets.is_empty() && !one.has("targets") {
            one.report("targets", "missing; expected a list of addresses and ports");
        }
        one.finish();
        listeners.extend(port.map(|port| Listener { port, targets }));
    }
    listeners
}

/// A service's name that the catalogue may have.
struct CatalogName(ServiceName);

impl FromStr for CatalogName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let name = ServiceName(text.to_owned());
        if CatalogEntry::is_name(&name) { Ok(Self(name)) } else { Err(()) }
    }
}

/// A domain name of two labels at least.
struct Domain(DnsName);

impl FromStr for Domain {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let name: DnsName = text.parse().map_err(|_| ())?;
        let labels = text.strip_prefix("*.").unwrap_or(text);
        if labels.contains('.') { Ok(Self(name)) } else { Err(()) }
    }
}
