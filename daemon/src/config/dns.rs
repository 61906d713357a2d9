//! The table `dns`: who answers whom, and from which zone files beside the endpoints' names.
//!
//! Zone files are named here and read elsewhere: what is in them has lines of its own to report.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    num::NonZeroUsize,
    path::Path,
};

use dns::{Forward, Identity, Network, QueryLog, RateLimit, Rule, ZoneFile};
use ipnet::IpNet;
use model::VpcId;
use toml::de::DeValue;

use super::{
    Environment,
    kind::{Kind, Parsed, Text, Whole, Word},
    read::{SOCKET_ADDRESS, WORKERS_MAX},
    reader::{Placed, Table},
};

mod answering;

pub(crate) use answering::Cookies;

/// The DNS plane's settings.
#[derive(Clone, Debug)]
pub(crate) struct Dns {
    /// How many threads answer UDP.
    pub(crate) workers: NonZeroUsize,
    /// Zones that the operator keeps in files.
    pub(crate) zones: Vec<ZoneFile>,
    /// What is known about VPCs' clients beside the VPCs' own addresses.
    pub(crate) networks: Vec<Network>,
    /// Where to ask about names that are not ours.
    pub(crate) forward: Option<Forward>,
    /// Whom to ask whether providers own their domains.
    pub(crate) verification: Vec<SocketAddr>,
    /// What is said about the server.
    pub(crate) identity: Identity,
    /// What server cookies are made with.
    pub(crate) cookies: Cookies,
    /// How much who may have over UDP; everything without it.
    pub(crate) rate_limit: Option<RateLimit>,
    /// Whose questions are written down, and where; nobody's without it.
    pub(crate) query_log: Option<QueryLog>,
    /// Where to answer over TLS, with the API's certificate.
    pub(crate) tls: Option<SocketAddr>,
}

/// Where DNS servers listen (RFC 1035 4.2).
const DNS_PORT: u16 = 53;
const DOMAIN: Parsed = Parsed("a domain name such as \"example.com\"");
const CLIENTS: Parsed = Parsed("a network such as \"10.0.0.0/16\" or \"fd00::/64\"");
const VPC: Parsed = Parsed("a VPC's id such as \"vpc-0123456789abcdef0\"");

/// Reads the table `dns`, if there is one.
pub(super) fn read(root: &mut Table<'_>, folder: &Path, environment: Environment<'_>) -> Dns {
    root.with_table("dns", |table| {
        let workers = table.optional("workers", &Whole { min: 1, max: WORKERS_MAX });
        let forward = read_forward(table);
        let verification = match table.table("verification") {
            Some(mut table) => {
                let servers = read_servers(&mut table);
                table.finish();
                servers
            }
            None => forward.iter().flat_map(|it| it.servers.clone()).collect(),
        };
        Dns {
            workers: workers.unwrap_or(NonZeroUsize::MIN),
            zones: read_zones(table, folder),
            networks: read_views(table),
            forward,
            verification,
            identity: answering::read_identity(table),
            cookies: answering::read_cookies(table, folder, environment),
            rate_limit: answering::read_rate_limit(table),
            query_log: answering::read_query_log(table, folder),
            tls: read_tls(table),
        }
    })
}

/// Reads where to answer over TLS.
fn read_tls(dns: &mut Table<'_>) -> Option<SocketAddr> {
    let mut table = dns.table("tls")?;
    let listen = table.required("listen", &SOCKET_ADDRESS);
    if !cfg!(feature = "dot") {
        table.report("listen", "this build has no DNS over TLS; it takes --features dot");
    }
    table.finish();
    listen
}

fn read_zones(dns: &mut Table<'_>, folder: &Path) -> Vec<ZoneFile> {
    let mut taken = BTreeSet::new();
    let mut zones = Vec::new();
    for mut table in dns.tables("zone") {
        let name: Option<dns::Name> = table.required("name", &DOMAIN);
        let file = table.required("file", &Text("the path of a master file"));
        let vpcs: Vec<Placed<VpcId>> = table.list("vpcs", &VPC);
        let vpcs: Vec<VpcId> = vpcs.into_iter().map(|vpc| vpc.value).collect();
        if let Some(name) = &name {
            let everyone = vpcs.is_empty().then_some(None);
            for seer in vpcs.iter().copied().map(Some).chain(everyone) {
                if !taken.insert((name.as_wire().to_owned(), seer)) {
                    let whom = seer.map_or_else(|| "everyone".to_owned(), |vpc| vpc.to_string());
                    table.report("name", format!("another zone for {whom} has this name"));
                }
            }
        }
        table.finish();
        zones.extend(name.zip(file).map(|(name, file)| ZoneFile {
            name,
            file: folder.join(file),
            vpcs,
        }));
    }
    zones
}

fn read_views(dns: &mut Table<'_>) -> Vec<Network> {
    let (mut vpcs, mut taken) = (BTreeSet::new(), BTreeSet::new());
    let mut networks = Vec::new();
    for mut table in dns.tables("view") {
        let vpc: Option<VpcId> = table.required("vpc", &VPC);
        if vpc.is_some_and(|vpc| !vpcs.insert(vpc)) {
            table.report("vpc", "another view is this VPC's");
        }
        let clients: Vec<Placed<IpNet>> = table.list("clients", &CLIENTS);
        for Placed { value, place } in &clients {
            if !taken.insert(value.trunc()) {
                table.report_place(*place, format!("`dns.view`: {value} is given twice"));
            }
        }
        let listen = table.optional("listen", &SOCKET_ADDRESS);
        let forward = read_forward(&mut table);
        let words = Word(&[("all", false), ("inbound", true)]);
        let is_inbound_only = table.optional("private_names", &words).unwrap_or(false);
        if !["clients", "listen", "forward", "private_names"].into_iter().any(|key| table.has(key))
        {
            table.report("vpc", "a view needs clients, listen, forward or private_names");
        }
        table.finish();
        let clients = clients.into_iter().map(|prefix| prefix.value.trunc()).collect();
        networks.extend(vpc.map(|vpc| Network {
            vpc,
            clients,
            listen,
            forward,
            private_names_inbound_only: is_inbound_only,
        }));
    }
    networks
}

/// Reads the table `forward` of DNS, or of one view.
fn read_forward(parent: &mut Table<'_>) -> Option<Forward> {
    let mut table = parent.table("forward")?;
    let servers = read_servers(&mut table);
    let mut domains = BTreeSet::new();
    let mut rules = Vec::new();
    for mut rule in table.tables("rule") {
        let domain: Option<dns::Name> = rule.required("domain", &DOMAIN);
        if domain.as_ref().is_some_and(|domain| !domains.insert(domain.as_wire().to_owned())) {
            rule.report("domain", "another rule is about this domain");
        }
        // Without servers, questions about the domain go nowhere: they are refused.
        let servers = read_servers(&mut rule);
        rule.finish();
        rules.extend(domain.map(|domain| Rule { domain, servers }));
    }
    table.finish();
    Some(Forward { servers, rules })
}

fn read_servers(table: &mut Table<'_>) -> Vec<SocketAddr> {
    let servers = table.list("servers", &Server);
    servers.into_iter().map(|server| server.value).collect()
}

/// A server's address, with or without its port.
struct Server;

impl Kind<SocketAddr> for Server {
    fn expected(&self) -> String {
        "an address such as \"192.0.2.53\", or with a port such as \"[2001:db8::53]:5353\""
            .to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Option<SocketAddr> {
        let text = value.as_str()?;
        let bare = || text.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, DNS_PORT));
        text.parse().ok().or_else(bare)
    }
}
