//! The record types that have names: number, name, and the parts of their data.
//!
//! A type that is not here is written as `TYPE` and its number, and its data as hex digits (RFC
//! 3597 5). Does not know how a part is written or stored.

use crate::wire::RecordType;

/// A part of a type's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A domain name.
    Host,
    U8,
    U16,
    U32,
    /// Seconds, perhaps with units.
    Seconds,
    /// A point in time: `YYYYMMDDHHmmSS`, or seconds since 1970 (RFC 4034 3.2).
    Time,
    /// A record type (RFC 4034 3.2).
    Type,
    /// A DNSSEC algorithm, by number or mnemonic (RFC 4034 A.1).
    Algorithm,
    /// A kind of certificate, by number or mnemonic (RFC 4398 2.1).
    Certificate,
    Ipv4,
    Ipv6,
    /// 64 bits in four groups of hex digits (RFC 6742 2.1.1).
    Node64,
    /// Six bytes as hex digits with hyphens (RFC 7043 3.2).
    Eui48,
    /// Eight bytes as hex digits with hyphens (RFC 7043 4.2).
    Eui64,
    /// A character string: at most 255 bytes, length in front (RFC 1035 3.3).
    Text,
    /// Hex digits in one token, or a hyphen for none; length in front (RFC 5155 3.3).
    Salt,
    /// Base 32 in one token; length in front (RFC 5155 3.3).
    Hash,
    /// Character strings to the end, at least one.
    Texts,
    /// One token, as it is, to the end.
    Bytes,
    /// Hex digits to the end, in any number of tokens.
    Hex,
    /// Base 64 to the end, in any number of tokens.
    Base64,
    /// Record types to the end (RFC 4034 4.1.2).
    Types,
    /// Address prefixes to the end (RFC 3123 4).
    Prefixes,
    /// Latitude, longitude, altitude and how exact they are (RFC 1876 3).
    Location,
    /// An IPsec gateway: type, algorithm, gateway and key (RFC 4025 2).
    Gateway,
    /// Service parameters to the end (RFC 9460 2.1).
    Parameters,
}

use Field::{
    Algorithm, Base64, Bytes, Certificate, Eui48, Eui64, Gateway, Hash, Hex, Host, Ipv4, Ipv6,
    Location, Node64, Parameters, Prefixes, Salt, Seconds, Text, Texts, Time, Type, Types, U8, U16,
    U32,
};

/// What signatures have (RFC 4034 3.2).
const SIGNATURE: &[Field] = &[Type, Algorithm, U8, U32, Time, Time, U16, Host, Base64];
/// What keys have (RFC 4034 2.2).
const KEY: &[Field] = &[U16, U8, Algorithm, Base64];
/// What digests of keys have (RFC 4034 5.3).
const DIGEST: &[Field] = &[U16, Algorithm, U8, Hex];
/// What associations with certificates have (RFC 6698 2.2).
const ASSOCIATION: &[Field] = &[U8, U8, U8, Hex];

const KINDS: &[(u16, &str, &[Field])] = &[
    (1, "A", &[Ipv4]),
    (2, "NS", &[Host]),
    (3, "MD", &[Host]),
    (4, "MF", &[Host]),
    (5, "CNAME", &[Host]),
    (6, "SOA", &[Host, Host, U32, Seconds, Seconds, Seconds, Seconds]),
    (7, "MB", &[Host]),
    (8, "MG", &[Host]),
    (9, "MR", &[Host]),
    (12, "PTR", &[Host]),
    (13, "HINFO", &[Text, Text]),
    (14, "MINFO", &[Host, Host]),
    (15, "MX", &[U16, Host]),
    (16, "TXT", &[Texts]),
    (17, "RP", &[Host, Host]),
    (18, "AFSDB", &[U16, Host]),
    (19, "X25", &[Text]),
    (20, "ISDN", &[Texts]),
    (21, "RT", &[U16, Host]),
    (23, "NSAP-PTR", &[Host]),
    (24, "SIG", SIGNATURE),
    (25, "KEY", KEY),
    (26, "PX", &[U16, Host, Host]),
    (27, "GPOS", &[Text, Text, Text]),
    (28, "AAAA", &[Ipv6]),
    (29, "LOC", &[Location]),
    (33, "SRV", &[U16, U16, U16, Host]),
    (35, "NAPTR", &[U16, U16, Text, Text, Text, Host]),
    (36, "KX", &[U16, Host]),
    (37, "CERT", &[Certificate, U16, Algorithm, Base64]),
    (39, "DNAME", &[Host]),
    (42, "APL", &[Prefixes]),
    (43, "DS", DIGEST),
    (44, "SSHFP", &[U8, U8, Hex]),
    (45, "IPSECKEY", &[U8, Gateway]),
    (46, "RRSIG", SIGNATURE),
    (47, "NSEC", &[Host, Types]),
    (48, "DNSKEY", KEY),
    (49, "DHCID", &[Base64]),
    (50, "NSEC3", &[U8, U8, U16, Salt, Hash, Types]),
    (51, "NSEC3PARAM", &[U8, U8, U16, Salt]),
    (52, "TLSA", ASSOCIATION),
    (53, "SMIMEA", ASSOCIATION),
    (56, "NINFO", &[Texts]),
    (57, "RKEY", KEY),
    (58, "TALINK", &[Host, Host]),
    (59, "CDS", DIGEST),
    (60, "CDNSKEY", KEY),
    (61, "OPENPGPKEY", &[Base64]),
    (62, "CSYNC", &[U32, U16, Types]),
    (63, "ZONEMD", &[U32, U8, U8, Hex]),
    (64, "SVCB", &[U16, Host, Parameters]),
    (65, "HTTPS", &[U16, Host, Parameters]),
    (99, "SPF", &[Texts]),
    (104, "NID", &[U16, Node64]),
    (105, "L32", &[U16, Ipv4]),
    (106, "L64", &[U16, Node64]),
    (107, "LP", &[U16, Host]),
    (108, "EUI48", &[Eui48]),
    (109, "EUI64", &[Eui64]),
    (256, "URI", &[U16, U16, Bytes]),
    (257, "CAA", &[U8, Text, Bytes]),
    (258, "AVC", &[Texts]),
    (261, "RESINFO", &[Texts]),
    (262, "WALLET", &[Texts]),
    (32768, "TA", DIGEST),
    (32769, "DLV", DIGEST),
];

/// The parts of a type's data; none if they are not known.
pub(super) fn fields(rtype: RecordType) -> Option<&'static [Field]> {
    let index = KINDS.binary_search_by_key(&rtype.0, |(number, ..)| *number).ok()?;
    Some(KINDS[index].2)
}

/// The type that a token names: by its mnemonic or as `TYPE` and a number (RFC 3597 5).
pub(super) fn record_type(text: &str) -> Option<RecordType> {
    let known = KINDS.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(text));
    let number = match known {
        Some((number, ..)) => *number,
        None => {
            let (head, number) = text.split_at_checked(4)?;
            head.eq_ignore_ascii_case("TYPE").then(|| number.parse().ok())??
        }
    };
    // Questions and signatures of messages are no data of zones (RFC 6895 3.1).
    let is_data = !matches!(number, 0 | 41 | 128..=255);
    is_data.then_some(RecordType(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_in_the_order_of_their_numbers() {
        assert!(KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(record_type("aaaa"), record_type("TYPE28"));
    }
}
