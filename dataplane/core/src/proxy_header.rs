//! The PROXY protocol header, version 2 as sent and versions 1 and 2 as received.
//!
//! Relies on the protocol's text (HAProxy, `proxy-protocol.txt`) and on what a Network Load
//! Balancer sends behind an interface endpoint: addresses, then the CRC32C field, then field 0xEA
//! with the endpoint's id, then optional padding (semantics 2.1 to 2.3). Does not know streams: it
//! turns values into bytes and bytes into values.

mod datagram;
mod encode;
mod parse;

pub use datagram::over_udp;
pub use encode::{Encoded, HEADER_BYTES_MAX, Padding, Template, local};
pub use parse::{PARSED_BYTES_MAX, ParseError, Parsed, ReceivedHeader, Version, parse};

/// The first 12 bytes of version 2.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and transport, length.
const FIXED_BYTES: usize = 16;
/// Type and length of a field.
const FIELD_HEAD_BYTES: usize = 3;
/// PP2_TYPE_CRC32C.
const FIELD_CRC32C: u8 = 0x03;
/// PP2_TYPE_NOOP.
const FIELD_NOOP: u8 = 0x04;
/// PP2_TYPE_AWS.
const FIELD_AWS: u8 = 0xEA;
/// PP2_SUBTYPE_AWS_VPCE_ID.
const AWS_VPC_ENDPOINT_ID: u8 = 0x01;

/// The CRC-32C of a header whose checksum, at `at`, is taken as zero.
fn checksum(header: &[u8], at: usize) -> u32 {
    let crc = crc32c::crc32c(header.get(..at).unwrap_or_default());
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc32c::crc32c_append(crc, header.get(at + 4..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use model::{ClientAddr, EndpointAddr, VpcEndpointId};
    use ppp::v2;
    use proptest::prelude::*;

    use super::*;

    fn addr() -> impl Strategy<Value = SocketAddr> {
        any::<SocketAddr>().prop_map(|a| SocketAddr::new(a.ip(), a.port()))
    }

    fn plain(addr: SocketAddr) -> SocketAddr {
        SocketAddr::new(addr.ip().to_canonical(), addr.port())
    }

    proptest! {
        #[test]
        fn what_is_encoded_parses_back(
            client in addr(), destination in addr(), bits: u128, padded: bool, rest: Vec<u8>,
        ) {
            let (client, destination) = (plain(client), plain(destination));
            prop_assume!(client.is_ipv4() == destination.is_ipv4());
            let id = VpcEndpointId::from_bits(bits);
            let padding = if padded { Padding::To100Bytes } else { Padding::None };
            let header = Template::new(id, padding)
                .encode(ClientAddr(client), EndpointAddr(destination));
            let mut bytes = header.to_vec();
            bytes.extend(rest);
            let parsed = parse(&bytes);
            prop_assert_eq!(parsed, Ok(Parsed::Header(ReceivedHeader {
                length: header.len(),
                version: Version::Two,
                client: Some(ClientAddr(client)),
                destination: Some(EndpointAddr(destination)),
                endpoint_id: Some(id),
            })));
            for short in 0..header.len() {
                prop_assert_eq!(parse(&header[..short]), Ok(Parsed::Incomplete));
            }
        }

        #[test]
        fn ppp_reads_what_is_encoded(client in addr(), destination in addr(), bits: u128) {
            let (client, destination) = (plain(client), plain(destination));
            prop_assume!(client.is_ipv4() == destination.is_ipv4());
            let id = VpcEndpointId::from_bits(bits);
            let header = Template::new(id, Padding::To100Bytes)
                .encode(ClientAddr(client), EndpointAddr(destination));
            let read = v2::Header::try_from(&header[..]).unwrap();
            prop_assert_eq!(read.command, v2::Command::Proxy);
            prop_assert_eq!(read.protocol, v2::Protocol::Stream);
            prop_assert_eq!(read.addresses, v2::Addresses::from((client, destination)));
            let fields: Vec<_> = read.tlvs().map(|f| f.map(|f| (f.kind, f.value.to_vec())).unwrap())
                .collect();
            prop_assert_eq!(fields.iter().map(|f| f.0).collect::<Vec<_>>(), [0x03, 0xEA, 0x04]);
            let value = format!("\u{1}{id}");
            prop_assert_eq!(&fields[1].1[..], value.as_bytes());
            let mut zeroed = header.to_vec();
            let at = 16 + read.address_bytes().len() + 3;
            zeroed[at..at + 4].fill(0);
            prop_assert_eq!(&fields[0].1[..], crc32c::crc32c(&zeroed).to_be_bytes());
        }

        #[test]
        fn any_bytes_parse_without_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            prefix in proptest::sample::select(vec![
                &b""[..], b"PROXY ", b"PROXY TCP4 ", b"PROXY UNKNOWN", &SIGNATURE,
                b"\r\n\r\n\0\r\nQUIT\n\x21\x11", b"\r\n\r\n\0\r\nQUIT\n\x21\x21\x00",
            ]),
        ) {
            let mut input = prefix.to_vec();
            input.extend(bytes);
            if let Ok(Parsed::Header(header)) = parse(&input) {
                prop_assert!(header.length <= input.len().min(PARSED_BYTES_MAX));
            }
        }

        /// But for the checksum field's own head: a header may do without one.
        #[test]
        fn a_flipped_bit_is_noticed(
            client: std::net::SocketAddrV4,
            at in prop_oneof![12_usize..28, 31_usize..61],
            bit in 0_u8..8,
        ) {
            let id = VpcEndpointId::from_bits(7);
            let destination = EndpointAddr("10.9.8.7:443".parse().unwrap());
            let header = Template::new(id, Padding::None)
                .encode(ClientAddr(client.into()), destination);
            let mut bytes = header.to_vec();
            bytes[at] ^= 1 << bit;
            prop_assert_ne!(parse(&bytes), parse(&header));
        }
    }
}
