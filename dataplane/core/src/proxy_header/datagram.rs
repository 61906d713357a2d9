//! The header in front of datagrams: the same but for the transport (family 0x12 and 0x22), which
//! no text says that a Network Load Balancer sends (semantics 6). Does not know what is in a header
//! but its fixed part and where its checksum is.

use super::{FIELD_CRC32C, FIELD_HEAD_BYTES, FIXED_BYTES, checksum};

/// Where the family and the transport are.
const FAMILY_AT: usize = 13;
/// Bytes of the addresses, by family.
const ADDRESS_BYTES: [(u8, usize); 2] = [(0x1, 12), (0x2, 36)];
/// The transport DGRAM.
const DATAGRAM: u8 = 0x2;

/// A header of a connection as it stands in front of a datagram.
pub fn over_udp(header: &[u8]) -> Vec<u8> {
    let mut bytes = header.to_vec();
    let Some(family) = bytes.get_mut(FAMILY_AT) else { return bytes };
    let kind = *family >> 4;
    *family = kind << 4 | DATAGRAM;
    let addresses = ADDRESS_BYTES.iter().find(|(known, _)| *known == kind);
    let fields = FIXED_BYTES + addresses.map_or(0, |(_, length)| *length);
    if let Some(at) = checksum_at(&bytes, fields) {
        let crc = checksum(&bytes, at);
        bytes[at..at + 4].copy_from_slice(&crc.to_be_bytes());
    }
    bytes
}

/// Where the checksum's value is, looking from the first field on.
fn checksum_at(header: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let [kind, high, low] = *header.get(at..)?.first_chunk::<FIELD_HEAD_BYTES>()?;
        let value = at + FIELD_HEAD_BYTES;
        if kind == FIELD_CRC32C {
            return (value + 4 <= header.len()).then_some(value);
        }
        at = value + usize::from(u16::from_be_bytes([high, low]));
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use model::{ClientAddr, EndpointAddr, VpcEndpointId};
    use ppp::v2;

    use super::{
        super::{Padding, Template},
        *,
    };

    #[test]
    fn only_transport_and_checksum_differ_and_receivers_read_it() {
        let template = Template::new(VpcEndpointId::from_bits(5), Padding::To100Bytes);
        let pairs: [(SocketAddr, SocketAddr); 2] = [
            ("10.0.0.1:5000".parse().unwrap(), "10.0.0.2:53".parse().unwrap()),
            ("[fd00::1]:5000".parse().unwrap(), "[fd00::2]:53".parse().unwrap()),
        ];
        for (client, endpoint) in pairs {
            let header = template.encode(ClientAddr(client), EndpointAddr(endpoint));
            let bytes = over_udp(&header);
            assert_eq!(bytes[FAMILY_AT], if client.is_ipv4() { 0x12 } else { 0x22 });
            let read = v2::Header::try_from(&bytes[..]).unwrap();
            assert_eq!(read.protocol, v2::Protocol::Datagram);
            assert_eq!(read.addresses, v2::Addresses::from((client, endpoint)));
            let at = checksum_at(&bytes, FIXED_BYTES + read.address_bytes().len()).unwrap();
            let crc = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
            assert_eq!(crc, checksum(&bytes, at));
            let differing = (0..bytes.len()).filter(|at| bytes[*at] != header[*at]);
            assert!(differing.into_iter().all(|it| it == FAMILY_AT || (at..at + 4).contains(&it)));
        }
    }

    #[test]
    fn what_is_no_header_is_left_alone_as_far_as_it_goes() {
        assert_eq!(over_udp(b"short"), b"short");
        assert_eq!(over_udp(&[0x11; 16])[..13], [0x11; 13]);
    }
}
