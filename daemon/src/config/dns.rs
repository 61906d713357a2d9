//! The table `dns`: who answers whom, and from which zone files beside the endpoints' names.
//!
//! Zone files are named here and read elsewhere: what is in them has lines of its own to report.

use std::{collections::BTreeSet, num::NonZeroUsize, path::Path};

use dns::{Network, ZoneFile};
use ipnet::IpNet;
use model::VpcId;

use super::{
    kind::{Parsed, Text, Whole},
    read::{SOCKET_ADDRESS, WORKERS_MAX},
    reader::{Placed, Table},
};

/// The DNS plane's settings.
#[derive(Clone, Debug)]
pub(crate) struct Dns {
    /// How many threads answer UDP.
    pub(crate) workers: NonZeroUsize,
    /// Zones that the operator keeps in files.
    pub(crate) zones: Vec<ZoneFile>,
    /// What is known about VPCs' clients beside the VPCs' own addresses.
    pub(crate) networks: Vec<Network>,
}

const DOMAIN: Parsed = Parsed("a domain name such as \"example.com\"");
const CLIENTS: Parsed = Parsed("a network such as \"10.0.0.0/16\" or \"fd00::/64\"");
const VPC: Parsed = Parsed("a VPC's id such as \"vpc-0123456789abcdef0\"");

/// Reads the table `dns`, if there is one.
pub(super) fn read(root: &mut Table<'_>, folder: &Path) -> Dns {
    let mut dns = Dns { workers: NonZeroUsize::MIN, zones: Vec::new(), networks: Vec::new() };
    let Some(mut table) = root.table("dns") else { return dns };
    if let Some(workers) = table.optional("workers", &Whole { min: 1, max: WORKERS_MAX }) {
        dns.workers = workers;
    }
    dns.zones = read_zones(&mut table, folder);
    dns.networks = read_views(&mut table);
    table.finish();
    dns
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
        if !table.has("clients") && !table.has("listen") {
            table.report("vpc", "a view needs clients or listen, or both");
        }
        table.finish();
        let clients = clients.into_iter().map(|prefix| prefix.value.trunc()).collect();
        networks.extend(vpc.map(|vpc| Network { vpc, clients, listen }));
    }
    networks
}
