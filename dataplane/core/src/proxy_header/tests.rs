//! What is encoded is what others read: this parser, and crate `ppp`.

use std::net::SocketAddr;

use model::{ClientAddr, EndpointAddr, EndpointField, VpcEndpointId};
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
    fn ppp_reads_every_field_and_none_makes_the_header_too_long(
        client in addr(),
        destination in addr(),
        bits: u128,
        id: Option<u128>,
        host in proptest::option::of("[a-z0-9.-]{0,260}"),
        form in 0..3,
        padded: bool,
    ) {
        let (client, destination) = (plain(client), plain(destination));
        prop_assume!(client.is_ipv4() == destination.is_ipv4());
        let endpoint = VpcEndpointId::from_bits(bits);
        let number = u64::try_from(endpoint.to_bits() & u128::from(u64::MAX)).unwrap();
        let [low, _] = [number & 0xFFFF_FFFF, number >> 32].map(|n| u32::try_from(n).unwrap());
        let (named, form) = match form {
            0 => ((0xEA, format!("\u{1}{endpoint}").into_bytes()), EndpointField::Aws),
            1 => ((0xEE, [&[1], &low.to_le_bytes()[..]].concat()), EndpointField::Azure),
            _ => ((0xE0, number.to_be_bytes().to_vec()), EndpointField::Gcp),
        };
        let padding = if padded { Padding::To100Bytes } else { Padding::None };
        let fields = Fields {
            endpoint: form,
            authority: host.as_deref(),
            unique_id: id.map(UniqueId),
        };
        let header = Template::new(endpoint, padding)
            .encode_with(ClientAddr(client), EndpointAddr(destination), &fields);
        prop_assert!(header.len() <= HEADER_BYTES_MAX);
        let Ok(Parsed::Header(parsed)) = parse(&header) else { panic!("{:?}", parse(&header)) };
        prop_assert_eq!((parsed.length, parsed.client), (header.len(), Some(ClientAddr(client))));
        let read = v2::Header::try_from(&header[..]).unwrap();
        let told: Vec<_> = read.tlvs().map(|f| f.map(|f| (f.kind, f.value.to_vec())).unwrap())
            .filter(|field| ![0x03, 0x04].contains(&field.0))
            .collect();
        let unique = id.map(|id| (0x05, format!("{id:032x}").into_bytes()));
        let others = [Some(&named), unique.as_ref()].into_iter().flatten();
        let others: usize = others.map(|field| 3 + field.1.len()).sum();
        let rest = 16 + read.address_bytes().len() + 7 + others;
        let host = host.filter(|host| !host.is_empty() && rest + 3 + host.len() <= 232);
        let host = host.map(|host| (0x02, host.into_bytes()));
        let expected: Vec<_> = [Some(named), host, unique].into_iter().flatten().collect();
        prop_assert_eq!(told, expected);
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
