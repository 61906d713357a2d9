//! The numbers of the DNS wire format that answering needs (RFC 1035 4.1, RFC 6891, RFC 6895).
//! Knows neither names nor records.

use std::fmt;

/// Length of the fixed header (RFC 1035 4.1.1).
pub(crate) const HEADER_LEN: usize = 12;
/// Largest UDP message without EDNS (RFC 1035 4.2.1), and the least that EDNS may offer (RFC 6891
/// 6.2.3).
pub(crate) const PLAIN_UDP_LEN_MAX: usize = 512;
/// Largest UDP message that we send, and the size that we offer: fits the least IPv6 MTU of 1,280
/// bytes, so nothing fragments (DNS flag day 2020).
pub const UDP_LEN_MAX: usize = 1232;
/// Largest message over TCP: its length travels in two bytes (RFC 1035 4.2.2).
pub const TCP_LEN_MAX: usize = 65_535;
/// Length of an OPT record without options (RFC 6891 6.1.2).
pub(crate) const OPT_LEN: usize = 11;
/// Class IN.
pub(crate) const CLASS_IN: u16 = 1;
/// Class ANY, in questions only (RFC 1035 3.2.5).
pub(crate) const CLASS_ANY: u16 = 255;
/// The DNSSEC OK bit of the OPT flags (RFC 3225 3).
pub(crate) const DNSSEC_OK: u16 = 0x8000;
/// The upper two bits of a compression pointer (RFC 1035 4.1.4).
pub(crate) const POINTER: u16 = 0xC000;

/// Bits and fields of the header's second word (RFC 1035 4.1.1).
pub(crate) mod flag {
    pub(crate) const RESPONSE: u16 = 0x8000;
    pub(crate) const AUTHORITATIVE: u16 = 0x0400;
    pub(crate) const TRUNCATED: u16 = 0x0200;
    pub(crate) const RECURSION_DESIRED: u16 = 0x0100;
    pub(crate) const RECURSION_AVAILABLE: u16 = 0x0080;
    pub(crate) const OPCODE: u16 = 0x7800;
}

/// The operations that are known (RFC 6895 2.2), in place within the header's second word.
pub(crate) mod opcode {
    pub(crate) const QUERY: u16 = 0;
    pub(crate) const NOTIFY: u16 = 4 << 11;
    pub(crate) const UPDATE: u16 = 5 << 11;
}

/// A response code, of which the upper eight bits travel in the OPT record (RFC 6891 6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rcode(pub(crate) u16);

impl Rcode {
    pub(crate) const NO_ERROR: Self = Self(0);
    pub(crate) const FORM_ERR: Self = Self(1);
    pub(crate) const NX_DOMAIN: Self = Self(3);
    pub(crate) const NOT_IMP: Self = Self(4);
    pub(crate) const REFUSED: Self = Self(5);
    pub(crate) const YX_DOMAIN: Self = Self(6);
    pub(crate) const BAD_VERS: Self = Self(16);
    pub(crate) const BAD_COOKIE: Self = Self(23);
}

/// The type of a record or of a question (RFC 1035 3.2.2, 3.2.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordType(pub u16);

impl RecordType {
    /// An IPv4 address.
    pub const A: Self = Self(1);
    /// A name server.
    pub const NS: Self = Self(2);
    /// An alias.
    pub const CNAME: Self = Self(5);
    /// The start of a zone.
    pub const SOA: Self = Self(6);
    /// A pointer to a name.
    pub const PTR: Self = Self(12);
    /// A mail exchange.
    pub const MX: Self = Self(15);
    /// Text.
    pub const TXT: Self = Self(16);
    /// An IPv6 address.
    pub const AAAA: Self = Self(28);
    /// A service's host and port.
    pub const SRV: Self = Self(33);
    /// A redirection of all names below one.
    pub const DNAME: Self = Self(39);
    /// EDNS parameters; not a record of any zone.
    pub const OPT: Self = Self(41);
    /// A delegation's key; belongs to the parent's side of a zone cut.
    pub const DS: Self = Self(43);
    /// Question: the changes of a zone.
    pub const IXFR: Self = Self(251);
    /// Question: a whole zone.
    pub const AXFR: Self = Self(252);
    /// Question: whatever there is.
    pub const ANY: Self = Self(255);
}

impl fmt::Debug for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TYPE{}", self.0)
    }
}

/// The big-endian number at an offset, if the message goes that far.
pub(crate) fn u16_at(message: &[u8], at: usize) -> Option<u16> {
    let bytes = message.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}
