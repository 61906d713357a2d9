//! The header as sent: a template per endpoint, filled in for each connection without allocation.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    ops::Deref,
};

use model::{ClientAddr, EndpointAddr, VpcEndpointId};

use super::{
    FIELD_AUTHORITY, FIELD_CRC32C, FIELD_HEAD_BYTES, FIELD_NOOP, FIELD_UNIQUE_ID, FIXED_BYTES,
    SIGNATURE, checksum,
    field::{EndpointName, Fields, UNIQUE_ID_BYTES, UniqueId, write},
};

/// The longest header that is sent. Apache httpd refuses longer ones (semantics 2.4).
pub const HEADER_BYTES_MAX: usize = 232;
/// What padding fills up to.
const PADDED_BYTES: usize = 100;

/// Version 2, command PROXY.
const PROXY: u8 = 0x21;
/// Version 2, command LOCAL.
const LOCAL: u8 = 0x20;
/// AF_INET, STREAM.
const TCP_OVER_IPV4: u8 = 0x11;
/// AF_INET6, STREAM.
const TCP_OVER_IPV6: u8 = 0x21;
/// Whether headers are filled up with a NOOP field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// As short as possible; every receiver tried takes it.
    #[default]
    None,
    /// To 100 bytes, byte for byte what a Network Load Balancer sends.
    To100Bytes,
}

/// A header ready to be written.
#[derive(Clone, Copy, Debug)]
pub struct Encoded {
    bytes: [u8; HEADER_BYTES_MAX],
    length: usize,
}

impl Deref for Encoded {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Encoded {
    fn new(command: u8, family: u8) -> Self {
        let mut new = Self { bytes: [0; HEADER_BYTES_MAX], length: 0 };
        new.push(&SIGNATURE);
        new.push(&[command, family, 0, 0]);
        new
    }

    /// Appends bytes; all that are appended fit: their sizes are constants, but for the authority,
    /// which gets what the others leave.
    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn push_field_head(&mut self, kind: u8, value_bytes: usize) {
        let [high, low] = u16::try_from(value_bytes).unwrap_or(u16::MAX).to_be_bytes();
        self.push(&[kind, high, low]);
    }

    fn push_unique_id(&mut self, id: UniqueId) {
        self.push_field_head(FIELD_UNIQUE_ID, UNIQUE_ID_BYTES);
        let mut digits = [0; UNIQUE_ID_BYTES];
        write(&mut digits, &id);
        self.push(&digits);
    }

    /// Appends the host that the client named, if it has room beside what is still to come: a part
    /// of a name would be another name.
    fn push_authority(&mut self, host: &str, to_come: usize) {
        let bytes = self.length + FIELD_HEAD_BYTES + host.len() + to_come;
        if !host.is_empty() && bytes <= HEADER_BYTES_MAX {
            self.push_field_head(FIELD_AUTHORITY, host.len());
            self.push(host.as_bytes());
        }
    }

    /// Appends a zero checksum and tells where it is.
    fn push_checksum(&mut self) -> usize {
        self.push_field_head(FIELD_CRC32C, 4);
        self.push(&[0; 4]);
        self.length - 4
    }

    /// Writes the length; what follows may still change.
    fn seal(&mut self) {
        let rest = u16::try_from(self.length - FIXED_BYTES).unwrap_or(u16::MAX);
        self.bytes[14..16].copy_from_slice(&rest.to_be_bytes());
    }

    fn write_checksum(&mut self, at: usize) {
        let crc = checksum(&self.bytes[..self.length], at);
        self.bytes[at..at + 4].copy_from_slice(&crc.to_be_bytes());
    }
}

/// An endpoint's headers, but for addresses and checksum.
#[derive(Clone, Debug)]
pub struct Template {
    endpoint: VpcEndpointId,
    padding: Padding,
    ipv4: Blank,
    ipv6: Blank,
}

/// A header with the endpoint's id alone, which is never longer than a padded one: there are two
/// for each interface.
#[derive(Clone, Copy, Debug)]
struct Blank {
    bytes: [u8; PADDED_BYTES],
    length: u8,
}

impl Blank {
    fn of(header: &Encoded) -> Self {
        let mut bytes = [0; PADDED_BYTES];
        bytes[..header.length].copy_from_slice(header);
        Self { bytes, length: u8::try_from(header.length).unwrap_or(u8::MAX) }
    }

    fn encoded(&self) -> Encoded {
        let mut bytes = [0; HEADER_BYTES_MAX];
        bytes[..PADDED_BYTES].copy_from_slice(&self.bytes);
        Encoded { bytes, length: usize::from(self.length) }
    }
}

impl Template {
    /// Prepares the headers that carry the endpoint's id.
    pub fn new(endpoint: VpcEndpointId, padding: Padding) -> Self {
        let blank = |family| Blank::of(&blank(family, endpoint, padding, &Fields::default()));
        Self { endpoint, padding, ipv4: blank(TCP_OVER_IPV4), ipv6: blank(TCP_OVER_IPV6) }
    }

    /// The header of one connection: who connects, and which endpoint address and port it dialled.
    /// IPv4 addresses that a dual-stack socket shows as mapped IPv6 are sent as IPv4.
    pub fn encode(&self, client: ClientAddr, destination: EndpointAddr) -> Encoded {
        let ends = (canonical(client.0), canonical(destination.0));
        let blank = if are_ipv4(ends) { &self.ipv4 } else { &self.ipv6 };
        filled(blank.encoded(), ends)
    }

    /// The same, with other fields than the endpoint's id.
    pub fn encode_with(
        &self,
        client: ClientAddr,
        destination: EndpointAddr,
        fields: &Fields<'_>,
    ) -> Encoded {
        let ends = (canonical(client.0), canonical(destination.0));
        let family = if are_ipv4(ends) { TCP_OVER_IPV4 } else { TCP_OVER_IPV6 };
        filled(blank(family, self.endpoint, self.padding, fields), ends)
    }
}

fn are_ipv4((source, target): (SocketAddr, SocketAddr)) -> bool {
    source.is_ipv4() && target.is_ipv4()
}

/// Writes addresses and checksum.
fn filled(mut header: Encoded, (source, target): (SocketAddr, SocketAddr)) -> Encoded {
    match (source.ip(), target.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            header.bytes[16..20].copy_from_slice(&from.octets());
            header.bytes[20..24].copy_from_slice(&to.octets());
            header.bytes[24..26].copy_from_slice(&source.port().to_be_bytes());
            header.bytes[26..28].copy_from_slice(&target.port().to_be_bytes());
            header.write_checksum(28 + FIELD_HEAD_BYTES);
        }
        (from, to) => {
            header.bytes[16..32].copy_from_slice(&mapped(from).octets());
            header.bytes[32..48].copy_from_slice(&mapped(to).octets());
            header.bytes[48..50].copy_from_slice(&source.port().to_be_bytes());
            header.bytes[50..52].copy_from_slice(&target.port().to_be_bytes());
            header.write_checksum(52 + FIELD_HEAD_BYTES);
        }
    }
    header
}

/// The header of a health probe: no client, the receiver uses the connection's own addresses.
pub fn local() -> Encoded {
    let mut header = Encoded::new(LOCAL, 0);
    let at = header.push_checksum();
    header.seal();
    header.write_checksum(at);
    header
}

/// A header with zeros for addresses, ports and checksum.
fn blank(family: u8, endpoint: VpcEndpointId, padding: Padding, fields: &Fields<'_>) -> Encoded {
    let mut header = Encoded::new(PROXY, family);
    header.length += if family == TCP_OVER_IPV4 { 12 } else { 36 };
    header.push_checksum();
    let name = EndpointName::new(endpoint, fields.endpoint);
    header.push_field_head(name.kind, name.value().len());
    header.push(name.value());
    if let Some(host) = fields.authority {
        let to_come = fields.unique_id.map_or(0, |_| FIELD_HEAD_BYTES + UNIQUE_ID_BYTES);
        header.push_authority(host, to_come);
    }
    if let Some(id) = fields.unique_id {
        header.push_unique_id(id);
    }
    if padding == Padding::To100Bytes && header.length + FIELD_HEAD_BYTES <= PADDED_BYTES {
        let zeros = PADDED_BYTES - header.length - FIELD_HEAD_BYTES;
        header.push_field_head(FIELD_NOOP, zeros);
        header.length += zeros;
    }
    header.seal();
    header
}

fn canonical(addr: SocketAddr) -> SocketAddr {
    SocketAddr::new(addr.ip().to_canonical(), addr.port())
}

fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

#[cfg(test)]
mod tests {
    use model::EndpointField;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn encode(id: &str, padding: Padding, client: &str, destination: &str) -> String {
        let template = Template::new(id.parse().unwrap(), padding);
        let client = ClientAddr(client.parse().unwrap());
        hex(&template.encode(client, EndpointAddr(destination.parse().unwrap())))
    }

    const ID: &str = "vpce-0123456789abcdef0";
    const ID_HEX: &str = "ea001701767063652d3031323334353637383961626364656630";
    const SIGNATURE_HEX: &str = "0d0a0d0a000d0a515549540a";

    /// The capture of a real interface endpoint (semantics 2.2).
    #[test]
    fn padded_header_is_the_captured_one() {
        let expected = format!(
            "{SIGNATURE_HEX}21110054ac1f0771ac1f0a1fc8f20050030004e8d6892d\
             ea001701767063652d3038643262663135666163353030316339\
             040024{}",
            "00".repeat(36)
        );
        let id = "vpce-08d2bf15fac5001c9";
        let header = encode(id, Padding::To100Bytes, "172.31.7.113:51442", "172.31.10.31:80");
        assert_eq!(header, expected);
    }

    #[test]
    fn headers_are_the_worked_vectors() {
        let ipv4 = "0a0102030a090807d43101bb";
        let ipv6 = "20010db800010000000000000000001020010db8000200000000000000000020d43101bb";
        let zeros = "00".repeat(36);
        let (client4, client6) = ("10.1.2.3:54321", "[2001:db8:1::10]:54321");
        let (addr4, addr6) = ("10.9.8.7:443", "[2001:db8:2::20]:443");
        let mapped = ("[::ffff:10.1.2.3]:54321", "[::ffff:10.9.8.7]:443");
        let short = format!("{SIGNATURE_HEX}2111002d{ipv4}03000498dbfaff{ID_HEX}");
        let long = format!("{SIGNATURE_HEX}21110054{ipv4}0300045e995503{ID_HEX}040024{zeros}");
        let wide = format!("{SIGNATURE_HEX}21210045{ipv6}0300047940e3bf{ID_HEX}");
        for (padding, client, destination, expected) in [
            (Padding::None, client4, addr4, &short),
            (Padding::To100Bytes, client4, addr4, &long),
            (Padding::None, client6, addr6, &wide),
            (Padding::None, mapped.0, mapped.1, &short),
        ] {
            assert_eq!(&encode(ID, padding, client, destination), expected, "{client}");
        }
    }

    #[test]
    fn padding_fills_ipv6_headers_to_100_bytes_too() {
        let header = encode(ID, Padding::To100Bytes, "[2001:db8::1]:1", "[2001:db8::2]:2");
        assert_eq!(header.len(), 200);
        assert!(header.ends_with("04000c000000000000000000000000"));
    }

    #[test]
    fn other_clouds_are_told_a_number_of_the_endpoints_last_digits() {
        let template = Template::new(ID.parse().unwrap(), Padding::None);
        let ends = ["10.1.2.3:54321", "10.9.8.7:443"].map(|addr| addr.parse().unwrap());
        for (endpoint, expected) in [
            (EndpointField::Aws, ID_HEX),
            (EndpointField::Azure, "ee000501f0debc9a"),
            (EndpointField::Gcp, "e00008123456789abcdef0"),
        ] {
            let fields = Fields { endpoint, ..Fields::default() };
            let header = template.encode_with(ClientAddr(ends[0]), EndpointAddr(ends[1]), &fields);
            let header = hex(&header);
            assert!(header.ends_with(expected), "{endpoint:?}: {header}");
            assert_eq!(header.len() / 2, 28 + 7 + expected.len() / 2);
        }
    }

    #[test]
    fn probes_send_local_with_checksum() {
        assert_eq!(hex(&local()), format!("{SIGNATURE_HEX}20000007030004a9b87e8f"));
    }
}
