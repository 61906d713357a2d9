//! The table `dataplane`: threads, and how connections are made and ended.
//!
//! Whether the machine has the addresses is found out at the start, not here: a configuration may
//! be checked elsewhere.

use std::{collections::BTreeSet, net::IpAddr, num::NonZeroUsize, path::Path, time::Duration};

use dataplane::{IdleEnd, TargetTls, UdpProxyHeader};
use toml::de::DeValue;

use super::{
    kind::{Kind, Span, Whole, Word},
    read::WORKERS_MAX,
    reader::Table,
    target_tls,
};

/// More than this would be a mistake: each address brings some 28,000 connections per target.
const SOURCE_ADDRESSES_MAX: usize = 64;

/// As many as there are ports to have them from, on a machine with twenty addresses.
const UDP_FLOWS_MAX: u32 = 1 << 20;

/// The data plane's settings.
#[derive(Clone, Debug)]
pub(crate) struct Dataplane {
    /// Traffic threads; none means one per core.
    pub(crate) workers: Option<NonZeroUsize>,
    /// How long a target may take to answer a connection attempt.
    pub(crate) connect_timeout: Duration,
    /// What peers see when a connection was idle for too long; none means silence where the process
    /// may do that.
    pub(crate) idle_end: Option<IdleEnd>,
    /// Where connections to targets come from, in turn.
    pub(crate) source_addresses: Vec<IpAddr>,
    /// The largest IP packet that clients are asked to send.
    pub(crate) mtu: Option<u16>,
    /// UDP flows held at the same time; none means what the limit of file descriptors allows.
    pub(crate) udp_flows: Option<usize>,
    /// Which datagrams to targets carry a PROXY header, where their group has it on.
    pub(crate) udp_proxy_header: UdpProxyHeader,
    /// How TLS towards targets goes.
    pub(crate) target_tls: TargetTls,
}

/// Reads the table.
pub(super) fn read(root: &mut Table<'_>, folder: &Path) -> Dataplane {
    root.with_table("dataplane", |table| {
        let headers = Word(&[
            ("off", UdpProxyHeader::Off),
            ("first", UdpProxyHeader::First),
            ("each", UdpProxyHeader::Each),
        ]);
        let ends = [IdleEnd::Silent, IdleEnd::Reset].map(|end| (end.name(), end));
        // A client waits 30 s at most in all; after 10 s another target may still be tried.
        let waits = Span { min: "10ms", max: "30s" };
        let workers = table.optional("workers", &Whole { min: 1, max: WORKERS_MAX });
        let connect_timeout = table.optional("connect_timeout", &waits);
        Dataplane {
            workers,
            connect_timeout: connect_timeout.unwrap_or(Duration::from_secs(10)),
            idle_end: table.optional("idle_end", &Word(&ends)),
            source_addresses: read_sources(table),
            // From what IPv6 asks of every link to the largest frames in use.
            mtu: table.optional("mtu", &Whole { min: 1280, max: 9216 }),
            udp_flows: table.optional("udp_flows", &Whole { min: 1, max: UDP_FLOWS_MAX }),
            udp_proxy_header: table.optional("udp_proxy_header", &headers).unwrap_or_default(),
            target_tls: target_tls::read(table, folder),
        }
    })
}

fn read_sources(table: &mut Table<'_>) -> Vec<IpAddr> {
    let placed = table.list("source_addresses", &HostAddress);
    if placed.len() > SOURCE_ADDRESSES_MAX {
        let message = format!("{} addresses, at most {SOURCE_ADDRESSES_MAX}", placed.len());
        table.report("source_addresses", message);
    }
    let mut known = BTreeSet::new();
    let mut sources = Vec::new();
    for address in placed {
        if known.insert(address.value) {
            sources.push(address.value);
        } else {
            let path = table.path_of("source_addresses");
            let message = format!("`{path}`: {} is named twice", address.value);
            table.report_place(address.place, message);
        }
    }
    sources
}

/// An address that one machine can have.
struct HostAddress;

impl Kind<IpAddr> for HostAddress {
    fn expected(&self) -> String {
        "an address of this machine such as \"10.0.0.5\"".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Option<IpAddr> {
        let ip: IpAddr = value.as_str()?.parse().ok()?;
        let is_hosts = !ip.is_unspecified() && !ip.is_multicast() && ip == ip.to_canonical();
        let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        (is_hosts && !is_broadcast).then_some(ip)
    }
}
