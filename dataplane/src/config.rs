//! What an operator may choose about the data plane. Knows no file and no environment.

use std::{net::IpAddr, num::NonZeroUsize, time::Duration};

use dataplane_core::proxy_header::Padding;
use rustix::process::{Resource, getrlimit};

use crate::{Certificates, TargetTls};

/// How endpoint addresses are bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressMode {
    /// Only addresses that an interface of this machine has.
    #[default]
    AsIs,
    /// Any address, with IP_FREEBIND: routing it here is someone else's work.
    Freebind,
}

/// Whether datagrams to targets of groups with PROXY protocol version 2 carry its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UdpProxyHeader {
    /// None does: most receivers take no header over UDP.
    #[default]
    Off,
    /// The first one of each flow.
    First,
    /// Each one.
    Each,
}

/// What peers see when a connection was idle for too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IdleEnd {
    /// Nothing, and RST when they next send: as with a Network Load Balancer (semantics 1.5). Needs
    /// CAP_NET_ADMIN; without it, as [`IdleEnd::Reset`].
    #[default]
    Silent,
    /// RST at once.
    Reset,
}

impl IdleEnd {
    /// Its name, in configuration and explanations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Reset => "reset",
        }
    }
}

/// The settings of a data plane.
#[derive(Clone, Debug)]
pub struct Config {
    /// Worker threads; one per core is right.
    pub workers: NonZeroUsize,
    /// How endpoint addresses are bound.
    pub addresses: AddressMode,
    /// How long one connection attempt to a target may take. A client waits 30 s at most in all
    /// (semantics 1.1), so longer values are cut to that.
    pub connect_timeout: Duration,
    /// Whether PROXY headers are filled up to 100 bytes.
    pub header_padding: Padding,
    /// Whether the SYN's sequence number is part of the flow hash, as on a Network Load Balancer:
    /// one more system call per connection, and a reused 5-tuple may reach another target.
    pub hash_sequence_number: bool,
    /// The largest IP packet that clients are asked to send, by the segment size announced to them;
    /// none leaves it to the kernel, which knows its devices' sizes. 8500 on AWS.
    pub packet_bytes_max: Option<u16>,
    /// What peers see when a connection was idle for too long.
    pub idle_end: IdleEnd,
    /// Addresses of this machine that connections to targets come from, in turn, each with its own
    /// ports; the kernel chooses one for a family that has none here.
    pub source_addresses: Vec<IpAddr>,
    /// Connections that one worker holds at the same time; more are refused.
    pub connections_max: usize,
    /// Pipes that one worker fills at the same time; with none to be had, bytes are copied.
    pub pipes_max: usize,
    /// How long the TLS handshake of a client may take. A far one with a lost packet or two needs
    /// 3 s.
    pub handshake_timeout: Duration,
    /// TLS handshakes in progress that one worker holds at the same time, a quarter of them of one
    /// endpoint interface; for more the oldest end.
    pub handshakes_max: usize,
    /// The certificates of TLS listeners.
    pub certificates: Certificates,
    /// How TLS towards targets goes.
    pub target_tls: TargetTls,
    /// UDP flows that all workers together hold, each with a file descriptor and a port of its own;
    /// for more of them, others end.
    pub udp_flows_max: usize,
    /// Whether datagrams carry a PROXY header.
    pub udp_proxy_header: UdpProxyHeader,
    /// The key of the flow hash. Whoever knows it can pick source ports that reach one target.
    pub hash_key: u128,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            addresses: AddressMode::AsIs,
            connect_timeout: Duration::from_secs(10),
            header_padding: Padding::None,
            hash_sequence_number: true,
            packet_bytes_max: None,
            idle_end: IdleEnd::default(),
            source_addresses: Vec::new(),
            connections_max: 1 << 20,
            pipes_max: 256,
            handshake_timeout: Duration::from_secs(10),
            // One holds some 2 KiB, and 18 KiB with the longest unfinished message: 72 MiB at the
            // very most.
            handshakes_max: 4096,
            certificates: Certificates::default(),
            target_tls: TargetTls::default(),
            udp_flows_max: udp_flows_max(),
            udp_proxy_header: UdpProxyHeader::Off,
            hash_key: fastrand::u128(..),
        }
    }
}

/// Linux has 28,232 ports to give to sockets that ask for none; others want some too.
const UDP_FLOWS_MAX: u64 = 16_384;
/// The share of file descriptors that UDP flows may have.
const UDP_DESCRIPTORS_SHARE: u64 = 4;

/// As many UDP flows as the limits of this process and of the machine allow beside all else.
fn udp_flows_max() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let flows = (descriptors / UDP_DESCRIPTORS_SHARE).min(UDP_FLOWS_MAX);
    usize::try_from(flows).unwrap_or(1)
}

/// No client waits longer for a target, however many are tried (semantics 1.1: a new flow is
/// answered within 30 s).
pub(crate) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);
/// A worker's places are numbered with 31 bits.
const CONNECTIONS_MAX: usize = 1 << 30;
/// Looking for the oldest handshake of an interface passes by all that are older.
const HANDSHAKES_MAX: usize = 1 << 16;

impl Config {
    /// The settings, with those that have bounds within them.
    pub(crate) fn bounded(mut self) -> Self {
        self.connect_timeout = self.connect_timeout.min(ANSWER_WAIT_MAX);
        self.connections_max = self.connections_max.min(CONNECTIONS_MAX);
        self.handshakes_max = self.handshakes_max.clamp(1, HANDSHAKES_MAX);
        self.udp_flows_max = self.udp_flows_max.min(CONNECTIONS_MAX);
        self
    }
}
