//! The PROXY protocol header, version 2 as sent and versions 1 and 2 as received.
//!
//! Relies on the protocol's text (HAProxy, `proxy-protocol.txt`) and on what a Network Load
//! Balancer sends behind an interface endpoint: addresses, then the CRC32C field, then field 0xEA
//! with the endpoint's id, then optional padding (semantics 2.1 to 2.3). Does not know streams: it
//! turns values into bytes and bytes into values.

mod datagram;
mod encode;
mod field;
mod parse;
#[cfg(test)]
mod tests;

pub use datagram::over_udp;
pub use encode::{Encoded, HEADER_BYTES_MAX, Padding, Template, local};
pub use field::{Fields, UniqueId};
pub use parse::{PARSED_BYTES_MAX, ParseError, Parsed, ReceivedHeader, Version, parse};

/// The first 12 bytes of version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and transport, length.
const FIXED_BYTES: usize = 16;
/// Type and length of a field.
const FIELD_HEAD_BYTES: usize = 3;
/// PP2_TYPE_AUTHORITY.
const FIELD_AUTHORITY: u8 = 0x02;
/// PP2_TYPE_CRC32C.
const FIELD_CRC32C: u8 = 0x03;
/// PP2_TYPE_NOOP.
const FIELD_NOOP: u8 = 0x04;
/// PP2_TYPE_UNIQUE_ID.
const FIELD_UNIQUE_ID: u8 = 0x05;
/// PP2_TYPE_GCP: a Private Service Connect connection's id.
const FIELD_GCP: u8 = 0xE0;
/// PP2_TYPE_AWS.
const FIELD_AWS: u8 = 0xEA;
/// PP2_TYPE_AZURE.
const FIELD_AZURE: u8 = 0xEE;
/// PP2_SUBTYPE_AZURE_PRIVATEENDPOINT_LINKID.
const AZURE_LINK_ID: u8 = 0x01;
/// PP2_SUBTYPE_AWS_VPCE_ID.
const AWS_VPC_ENDPOINT_ID: u8 = 0x01;

/// The CRC-32C of a header whose checksum, at `at`, is taken as zero.
fn checksum(header: &[u8], at: usize) -> u32 {
    let crc = crc32c::crc32c(header.get(..at).unwrap_or_default());
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc32c::crc32c_append(crc, header.get(at + 4..).unwrap_or_default())
}
