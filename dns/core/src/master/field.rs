//! Parts of record data that are one token each: from text to wire form.
//!
//! Numbers, names, addresses, times, mnemonics and strings. Does not know which type has which.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{
    Problem,
    entry::Token,
    kinds::{Field, record_type},
    parse_name, parse_seconds,
};
use crate::name::Name;

/// The algorithms that have mnemonics (RFC 8624 3.1, RFC 4034 A.1).
const ALGORITHMS: &[(&str, u8)] = &[
    ("RSAMD5", 1),
    ("DH", 2),
    ("DSA", 3),
    ("ECC", 4),
    ("RSASHA1", 5),
    ("DSA-NSEC3-SHA1", 6),
    ("RSASHA1-NSEC3-SHA1", 7),
    ("RSASHA256", 8),
    ("RSASHA512", 10),
    ("ECC-GOST", 12),
    ("ECDSAP256SHA256", 13),
    ("ECDSAP384SHA384", 14),
    ("ED25519", 15),
    ("ED448", 16),
    ("INDIRECT", 252),
    ("PRIVATEDNS", 253),
    ("PRIVATEOID", 254),
];
/// The kinds of certificates that have mnemonics (RFC 4398 2.1).
const CERTIFICATES: &[(&str, u16)] = &[
    ("PKIX", 1),
    ("SPKI", 2),
    ("PGP", 3),
    ("IPKIX", 4),
    ("ISPKI", 5),
    ("IPGP", 6),
    ("ACPKIX", 7),
    ("IACPKIX", 8),
    ("URI", 253),
    ("OID", 254),
];

/// Appends a field that is one token.
pub(super) fn append(
    field: Field,
    token: &Token<'_>,
    origin: &Name,
    data: &mut Vec<u8>,
) -> Result<(), Problem> {
    let text = token.as_text().ok_or(Problem::Data);
    match field {
        Field::Host => data.extend_from_slice(parse_name(token.raw, origin)?.as_wire()),
        Field::U8 => data.push(number(text?)?),
        Field::U16 => data.extend(number::<u16>(text?)?.to_be_bytes()),
        Field::U32 => data.extend(number::<u32>(text?)?.to_be_bytes()),
        Field::Seconds => data.extend(parse_seconds(text?).ok_or(Problem::Data)?.to_be_bytes()),
        Field::Time => data.extend(time(text?)?.to_be_bytes()),
        Field::Type => {
            data.extend(record_type(text?).ok_or(Problem::Type)?.0.to_be_bytes());
        }
        Field::Algorithm => data.push(named(text?, ALGORITHMS)?),
        Field::Certificate => data.extend(named(text?, CERTIFICATES)?.to_be_bytes()),
        Field::Ipv4 => data.extend(number::<Ipv4Addr>(text?)?.octets()),
        Field::Ipv6 => data.extend(number::<Ipv6Addr>(text?)?.octets()),
        Field::Node64 => data.extend(grouped::<4>(text?, ':', 4)?),
        Field::Eui48 => data.extend(grouped::<6>(text?, '-', 2)?),
        Field::Eui64 => data.extend(grouped::<8>(text?, '-', 2)?),
        Field::Text => append_text(&token.unescaped()?, data)?,
        Field::Salt if token.raw == b"-" => data.push(0),
        Field::Salt => append_text(&hex(token.raw)?, data)?,
        Field::Hash => append_text(&base32(token.raw)?, data)?,
        Field::Bytes => data.extend(token.unescaped()?),
        _ => return Err(Problem::Data),
    }
    Ok(())
}

/// Anything that the standard library reads.
pub(super) fn number<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::Data)
}

/// A number, by itself or by its mnemonic.
fn named<T: std::str::FromStr + Copy>(text: &str, names: &[(&str, T)]) -> Result<T, Problem> {
    let known = names.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.map_or_else(|| number(text), |(_, number)| Ok(*number))
}

/// A character string: its length in one byte, then its bytes.
pub(super) fn append_text(text: &[u8], data: &mut Vec<u8>) -> Result<(), Problem> {
    data.push(u8::try_from(text.len()).map_err(|_| Problem::TooLong)?);
    data.extend_from_slice(text);
    Ok(())
}

/// The bytes of hex digits.
pub(super) fn hex(digits: &[u8]) -> Result<Vec<u8>, Problem> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let text = std::str::from_utf8(pair).ok().filter(|text| !text.starts_with('+'))?;
        u8::from_str_radix(text, 16).ok()
    };
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }.ok_or(Problem::Data)
}

/// The bytes of base 32 with the extended hex alphabet, without padding (RFC 4648 7).
fn base32(digits: &[u8]) -> Result<Vec<u8>, Problem> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0_u32, Vec::new());
    for digit in digits.iter().take_while(|digit| **digit != b'=') {
        let value = char::from(*digit).to_digit(32).ok_or(Problem::Data)?;
        bits = (bits << 5 | value) & 0xFFFF;
        held += 5;
        if held >= 8 {
            held -= 8;
            let [.., byte] = (bits >> held).to_be_bytes();
            bytes.push(byte);
        }
    }
    if bytes.is_empty() { Err(Problem::Data) } else { Ok(bytes) }
}

/// Groups of exactly so many hex digits each.
fn grouped<const GROUPS: usize>(
    text: &str,
    between: char,
    digits: usize,
) -> Result<Vec<u8>, Problem> {
    let groups: Vec<&str> = text.split(between).collect();
    if groups.len() != GROUPS || groups.iter().any(|group| group.len() != digits) {
        return Err(Problem::Data);
    }
    hex(groups.concat().as_bytes())
}

/// Seconds since 1970 modulo 2^32: as such, or as a date and time (RFC 4034 3.2).
fn time(text: &str) -> Result<u32, Problem> {
    if text.len() != 14 {
        return number(text);
    }
    let part = |from: usize, to: usize| {
        let part = text.get(from..to).ok_or(Problem::Data)?;
        number::<i64>(part)
    };
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let is_sound = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 61;
    if !is_sound {
        return Err(Problem::Data);
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    // Serial number arithmetic: what is beyond 32 bits wraps (RFC 4034 3.1.5).
    u32::try_from(seconds.rem_euclid(1 << 32)).map_err(|_| Problem::Data)
}

/// Days from 1 January 1970 to this day of the Gregorian calendar, with years begun in March so
/// that the leap day is the last of its year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates_or_seconds() {
        for (text, seconds) in [
            ("0", Ok(0)),
            ("4294967295", Ok(u32::MAX)),
            ("19700101000000", Ok(0)),
            ("20000229120000", Ok(951_825_600)),
            ("20040509183619", Ok(1_084_127_779)),
            ("21060207062816", Ok(0)),
            ("20041309183619", Err(Problem::Data)),
            ("2004050918361x", Err(Problem::Data)),
            ("-1", Err(Problem::Data)),
        ] {
            assert_eq!(time(text), seconds, "{text}");
        }
    }

    #[test]
    fn base_32_is_that_with_the_hex_alphabet() {
        // RFC 4648 10.
        for (text, bytes) in [("CO", &b"f"[..]), ("CPNG", b"fo"), ("cpnmuoj1e8", b"foobar")] {
            assert_eq!(base32(text.as_bytes()), Ok(bytes.to_vec()));
        }
        assert_eq!(base32(b"W"), Err(Problem::Data));
    }
}
