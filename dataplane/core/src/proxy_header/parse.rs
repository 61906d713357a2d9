//! The header as received, versions 1 and 2, on crate `ppp`.
//!
//! Never panics, looks at no more than [`PARSED_BYTES_MAX`] bytes, and checks the CRC32C field when
//! there is one. What a header says is only as true as whoever could connect.

use std::{fmt, net::SocketAddr};

use model::{ClientAddr, EndpointAddr, VpcEndpointId};
use ppp::{v1, v2};

use super::{
    AWS_VPC_ENDPOINT_ID, FIELD_AWS, FIELD_CRC32C, FIELD_HEAD_BYTES, FIXED_BYTES, SIGNATURE,
    checksum,
};

/// The longest header that is taken; nginx draws the line in the same place.
pub const PARSED_BYTES_MAX: usize = 4096;
/// A version 1 line with its line end (`proxy-protocol.txt` 2.1).
const LINE_BYTES_MAX: usize = 107;
const LINE_PREFIX: &[u8] = b"PROXY ";

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The beginning of a header; more bytes are needed.
    Incomplete,
    /// No PROXY protocol header: all bytes are the client's.
    Absent,
    /// A whole header; the client's bytes follow it.
    Header(ReceivedHeader),
}

/// A version of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A line of text.
    One,
    /// Binary.
    Two,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedHeader {
    /// How many bytes it takes.
    pub length: usize,
    /// Its version.
    pub version: Version,
    /// Who connects; none for LOCAL, UNKNOWN, UNSPEC and Unix sockets.
    pub client: Option<ClientAddr>,
    /// What the client dialled; none when there is no client.
    pub destination: Option<EndpointAddr>,
    /// The VPC endpoint's id of field 0xEA, if it is there and is one.
    pub endpoint_id: Option<VpcEndpointId>,
}

/// Why a header is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// It is longer than [`PARSED_BYTES_MAX`], or a version 1 line is longer than 107 bytes.
    TooLong,
    /// It starts as a header and is none.
    Malformed,
    /// Its checksum is wrong.
    ChecksumMismatch,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "PROXY protocol header is too long",
            Self::Malformed => "PROXY protocol header is malformed",
            Self::ChecksumMismatch => "PROXY protocol header has a wrong checksum",
        })
    }
}

impl std::error::Error for ParseError {}

/// Reads the header that the bytes start with, if they do.
///
/// # Errors
///
/// The bytes start as a header does, and no further bytes can make them one.
pub fn parse(bytes: &[u8]) -> Result<Parsed, ParseError> {
    if starts_as(bytes, &SIGNATURE) {
        parse_binary(bytes)
    } else if starts_as(bytes, LINE_PREFIX) {
        parse_line(bytes)
    } else {
        Ok(Parsed::Absent)
    }
}

/// Whether the bytes start with the prefix, as far as they go.
fn starts_as(bytes: &[u8], prefix: &[u8]) -> bool {
    let shared = bytes.len().min(prefix.len());
    bytes[..shared] == prefix[..shared]
}

fn parse_binary(bytes: &[u8]) -> Result<Parsed, ParseError> {
    let Some(&[high, low]) = bytes.get(14..FIXED_BYTES) else { return Ok(Parsed::Incomplete) };
    let length = FIXED_BYTES + usize::from(u16::from_be_bytes([high, low]));
    if length > PARSED_BYTES_MAX {
        return Err(ParseError::TooLong);
    }
    // A wrong version or family is wrong however many bytes are still to come; those that `ppp`
    // wants more of are read as incomplete.
    let header = match v2::Header::try_from(bytes) {
        Ok(header) => header,
        Err(v2::ParseError::Incomplete(_) | v2::ParseError::Partial(..)) => {
            return Ok(Parsed::Incomplete);
        }
        Err(_) => return Err(ParseError::Malformed),
    };
    let endpoint_id = read_fields(&header)?;
    let (client, destination) = match header.command {
        v2::Command::Local => (None, None),
        v2::Command::Proxy => addresses(&header)?,
    };
    Ok(Parsed::Header(ReceivedHeader {
        length,
        version: Version::Two,
        client,
        destination,
        endpoint_id,
    }))
}

type Ends = (Option<ClientAddr>, Option<EndpointAddr>);

fn ends(client: SocketAddr, destination: SocketAddr) -> Ends {
    (Some(ClientAddr(client)), Some(EndpointAddr(destination)))
}

fn addresses(header: &v2::Header<'_>) -> Result<Ends, ParseError> {
    if header.protocol == v2::Protocol::Datagram {
        return Err(ParseError::Malformed);
    }
    Ok(match header.addresses {
        v2::Addresses::IPv4(a) => ends(
            (a.source_address, a.source_port).into(),
            (a.destination_address, a.destination_port).into(),
        ),
        v2::Addresses::IPv6(a) => ends(
            (a.source_address, a.source_port).into(),
            (a.destination_address, a.destination_port).into(),
        ),
        v2::Addresses::Unspecified | v2::Addresses::Unix(_) => (None, None),
    })
}

/// Checks the fields and returns the endpoint's id.
fn read_fields(header: &v2::Header<'_>) -> Result<Option<VpcEndpointId>, ParseError> {
    let mut endpoint_id = None;
    let bytes = header.as_bytes();
    let mut at = bytes.len() - header.tlv_bytes().len();
    for field in header.tlvs() {
        let field = field.map_err(|_| ParseError::Malformed)?;
        let value = at + FIELD_HEAD_BYTES;
        at = value + field.value.len();
        match field.kind {
            FIELD_CRC32C => {
                let sent: [u8; 4] =
                    (&*field.value).try_into().map_err(|_| ParseError::Malformed)?;
                if u32::from_be_bytes(sent) != checksum(bytes, value) {
                    return Err(ParseError::ChecksumMismatch);
                }
            }
            FIELD_AWS => endpoint_id = endpoint_id.or_else(|| read_endpoint_id(&field.value)),
            _ => {}
        }
    }
    Ok(endpoint_id)
}

fn read_endpoint_id(value: &[u8]) -> Option<VpcEndpointId> {
    let (&AWS_VPC_ENDPOINT_ID, id) = value.split_first()? else { return None };
    std::str::from_utf8(id).ok()?.parse().ok()
}

fn parse_line(bytes: &[u8]) -> Result<Parsed, ParseError> {
    let window = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
    let Some(end) = window.iter().position(|&b| b == b'\n') else {
        let is_full = window.len() == LINE_BYTES_MAX;
        return if is_full { Err(ParseError::TooLong) } else { Ok(Parsed::Incomplete) };
    };
    let line = &window[..=end];
    let header = v1::Header::try_from(line).map_err(|_| ParseError::Malformed)?;
    if header.header.len() != line.len() {
        return Err(ParseError::Malformed);
    }
    let (client, destination) = match header.addresses {
        v1::Addresses::Tcp4(a) => ends(
            (a.source_address, a.source_port).into(),
            (a.destination_address, a.destination_port).into(),
        ),
        v1::Addresses::Tcp6(a) => ends(
            (a.source_address, a.source_port).into(),
            (a.destination_address, a.destination_port).into(),
        ),
        v1::Addresses::Unknown => (None, None),
    };
    Ok(Parsed::Header(ReceivedHeader {
        length: line.len(),
        version: Version::One,
        client,
        destination,
        endpoint_id: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v2(rest: &[u8]) -> Vec<u8> {
        [&SIGNATURE[..], rest].concat()
    }

    fn received(length: usize, version: Version, client: &str, destination: &str) -> Parsed {
        Parsed::Header(ReceivedHeader {
            length,
            version,
            client: client.parse().ok().map(ClientAddr),
            destination: destination.parse().ok().map(EndpointAddr),
            endpoint_id: None,
        })
    }

    #[test]
    fn lines_are_read() {
        let line = |text: &str| parse(text.as_bytes());
        for (text, expected) in [
            (
                "PROXY TCP4 10.1.2.3 10.9.8.7 54321 443\r\nGET /",
                Ok(received(40, Version::One, "10.1.2.3:54321", "10.9.8.7:443")),
            ),
            ("PROXY TCP6 ::1 ::2 1 2\r\n", Ok(received(24, Version::One, "[::1]:1", "[::2]:2"))),
            ("PROXY UNKNOWN\r\nx", Ok(received(15, Version::One, "", ""))),
            ("PROXY UNKNOWN ::1 ::2 1 2\r\n", Ok(received(27, Version::One, "", ""))),
            ("", Ok(Parsed::Incomplete)),
            ("PRO", Ok(Parsed::Incomplete)),
            ("PROXY TCP4 10.1.2.3", Ok(Parsed::Incomplete)),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r", Ok(Parsed::Incomplete)),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", Err(ParseError::Malformed)),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", Err(ParseError::Malformed)),
            ("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", Err(ParseError::Malformed)),
            ("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", Err(ParseError::Malformed)),
            ("GET / HTTP/1.1\r\n", Ok(Parsed::Absent)),
            ("PROXYGET", Ok(Parsed::Absent)),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
        assert_eq!(line(&format!("PROXY {}", "1".repeat(200))), Err(ParseError::TooLong));
    }

    #[test]
    fn binary_headers_are_read() {
        let ipv4 = b"\x0a\x01\x02\x03\x0a\x09\x08\x07\xd4\x31\x01\xbb";
        let with = |head: &[u8], tail: &[u8]| v2(&[head, ipv4, tail].concat());
        let plain = received(28, Version::Two, "10.1.2.3:54321", "10.9.8.7:443");
        for (name, bytes, expected) in [
            ("plain", with(b"\x21\x11\x00\x0c", b"more"), Ok(plain)),
            ("local", v2(b"\x20\x00\x00\x00"), Ok(received(16, Version::Two, "", ""))),
            (
                "local with addresses",
                with(b"\x20\x11\x00\x0c", b""),
                Ok(received(28, Version::Two, "", "")),
            ),
            ("unspec", v2(b"\x21\x00\x00\x00"), Ok(received(16, Version::Two, "", ""))),
            (
                "id that is none",
                with(b"\x21\x11\x00\x11", b"\xea\x00\x02\x01x"),
                Ok(received(33, Version::Two, "10.1.2.3:54321", "10.9.8.7:443")),
            ),
            ("datagram", with(b"\x21\x12\x00\x0c", b""), Err(ParseError::Malformed)),
            ("version", v2(b"\x31\x11\x00\x0c"), Err(ParseError::Malformed)),
            ("command", v2(b"\x22\x11\x00\x0c"), Err(ParseError::Malformed)),
            ("family", v2(b"\x21\x41\x00\x0c"), Err(ParseError::Malformed)),
            ("short addresses", v2(b"\x21\x11\x00\x0b"), Err(ParseError::Malformed)),
            (
                "field past the end",
                with(b"\x21\x11\x00\x10", b"\x04\x00\x02x"),
                Err(ParseError::Malformed),
            ),
            ("too long", v2(b"\x21\x11\x0f\xf1"), Err(ParseError::TooLong)),
            (
                "wrong checksum",
                with(b"\x21\x11\x00\x13", b"\x03\x00\x04abcd"),
                Err(ParseError::ChecksumMismatch),
            ),
            (
                "short checksum",
                with(b"\x21\x11\x00\x12", b"\x03\x00\x03abc"),
                Err(ParseError::Malformed),
            ),
            ("half", with(b"\x21\x11\x00\x0d", b""), Ok(Parsed::Incomplete)),
        ] {
            assert_eq!(parse(&bytes), expected, "{name}");
        }
    }
}
