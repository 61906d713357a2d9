//! What an operator may choose about the data plane. Knows no file and no environment.

use std::{net::IpAddr, num::NonZeroUsize, time::Duration};

use dataplane_core::proxy_header::Padding;

/// How endpoint addresses are bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressMode {
    /// Only addresses that an interface of this machine has.
    #[default]
    AsIs,
    /// Any address, with IP_FREEBIND: routing it here is someone else's work.
    Freebind,
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
            hash_key: fastrand::u128(..),
        }
    }
}

/// No client waits longer for a target, however many are tried (semantics 1.1: a new flow is
/// answered within 30 s).
pub(crate) const ANSWER_WAIT_MAX: Duration = Duration::from_secs(30);
/// A worker's places are numbered with 31 bits.
const CONNECTIONS_MAX: usize = 1 << 30;

impl Config {
    /// The settings, with those that have bounds within them.
    pub(crate) fn bounded(mut self) -> Self {
        self.connect_timeout = self.connect_timeout.min(ANSWER_WAIT_MAX);
        self.connections_max = self.connections_max.min(CONNECTIONS_MAX);
        self
    }
}
