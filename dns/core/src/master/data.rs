//! Record data: from a master file's tokens to wire form, by a table of types.
//!
//! Names are lowered, as all names are that we keep; apart from that the wire form is exact. Every
//! type may also be written as `\#`, length and hex digits (RFC 3597 5).

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Problem, entry::Token, parse_name, parse_seconds, service_parameter};
use crate::{
    name::{LABEL_LEN_MAX, NAME_LEN_MAX, Name},
    wire::RecordType,
};

/// A part of a type's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Name,
    U8,
    U16,
    U32,
    /// Seconds, perhaps with units.
    Seconds,
    Ipv4,
    Ipv6,
    /// A character string: at most 255 bytes, length in front (RFC 1035 3.3).
    Text,
    /// One or more of them, to the end.
    Texts,
    /// One token, as it is, to the end.
    Bytes,
    /// Hex digits to the end, in any number of tokens.
    Hex,
    /// Base 64 to the end, in any number of tokens.
    Base64,
    /// Service parameters to the end (RFC 9460 2.1).
    Parameters,
}

use Field::{
    Base64, Bytes, Hex, Ipv4, Ipv6, Name as Host, Parameters, Seconds, Text, Texts, U8, U16, U32,
};

/// The types that have names: number, name, data.
const TYPES: &[(u16, &str, &[Field])] = &[
    (1, "A", &[Ipv4]),
    (2, "NS", &[Host]),
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
    (28, "AAAA", &[Ipv6]),
    (33, "SRV", &[U16, U16, U16, Host]),
    (35, "NAPTR", &[U16, U16, Text, Text, Text, Host]),
    (36, "KX", &[U16, Host]),
    (37, "CERT", &[U16, U16, U8, Base64]),
    (39, "DNAME", &[Host]),
    (43, "DS", &[U16, U8, U8, Hex]),
    (44, "SSHFP", &[U8, U8, Hex]),
    (48, "DNSKEY", &[U16, U8, U8, Base64]),
    (52, "TLSA", &[U8, U8, U8, Hex]),
    (53, "SMIMEA", &[U8, U8, U8, Hex]),
    (59, "CDS", &[U16, U8, U8, Hex]),
    (60, "CDNSKEY", &[U16, U8, U8, Base64]),
    (61, "OPENPGPKEY", &[Base64]),
    (64, "SVCB", &[U16, Host, Parameters]),
    (65, "HTTPS", &[U16, Host, Parameters]),
    (99, "SPF", &[Texts]),
    (256, "URI", &[U16, U16, Bytes]),
    (257, "CAA", &[U8, Text, Bytes]),
];

/// The type that a token names: by its mnemonic or as `TYPE` and a number (RFC 3597 5).
pub(super) fn record_type(text: &str) -> Option<RecordType> {
    let known = TYPES.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(text));
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

/// The wire form of a record's data.
pub(super) fn parse(
    rtype: RecordType,
    tokens: &[Token<'_>],
    origin: &Name,
) -> Result<Box<[u8]>, Problem> {
    let fields = TYPES.iter().find(|(number, ..)| *number == rtype.0).map(|(.., fields)| *fields);
    let is_generic = tokens.first().is_some_and(|token| token.raw == b"\\#" && !token.is_quoted);
    let data = match fields {
        _ if is_generic => generic(fields, &tokens[1..])?,
        Some(fields) => typed(fields, tokens, origin)?,
        None => return Err(Problem::Data),
    };
    if u16::try_from(data.len()).is_err() { Err(Problem::TooLong) } else { Ok(data.into()) }
}

fn typed(fields: &[Field], tokens: &[Token<'_>], origin: &Name) -> Result<Vec<u8>, Problem> {
    let mut data = Vec::new();
    let mut rest = tokens;
    for field in fields {
        match field {
            Texts | Hex | Base64 | Parameters => {
                rest_of_line(*field, std::mem::take(&mut rest), &mut data)?;
            }
            _ => {
                let (token, others) = rest.split_first().ok_or(Problem::Data)?;
                one_token(*field, token, origin, &mut data)?;
                rest = others;
            }
        }
    }
    if rest.is_empty() { Ok(data) } else { Err(Problem::Data) }
}

/// Appends a field that is one token.
fn one_token(
    field: Field,
    token: &Token<'_>,
    origin: &Name,
    data: &mut Vec<u8>,
) -> Result<(), Problem> {
    let text = token.as_text().ok_or(Problem::Data);
    match field {
        Host => data.extend_from_slice(parse_name(token.raw, origin)?.as_wire()),
        U8 => data.push(number(text?)?),
        U16 => data.extend(number::<u16>(text?)?.to_be_bytes()),
        U32 => data.extend(number::<u32>(text?)?.to_be_bytes()),
        Seconds => data.extend(parse_seconds(text?).ok_or(Problem::Data)?.to_be_bytes()),
        Ipv4 => data.extend(number::<Ipv4Addr>(text?)?.octets()),
        Ipv6 => data.extend(number::<Ipv6Addr>(text?)?.octets()),
        Text => append_text(&token.unescaped()?, data)?,
        Bytes => data.extend(token.unescaped()?),
        Texts | Hex | Base64 | Parameters => return Err(Problem::Data),
    }
    Ok(())
}

/// Appends a field that takes all that is left.
fn rest_of_line(field: Field, tokens: &[Token<'_>], data: &mut Vec<u8>) -> Result<(), Problem> {
    let joined = || tokens.iter().flat_map(|token| token.raw).copied().collect::<Vec<u8>>();
    match field {
        Texts if tokens.is_empty() => return Err(Problem::Data),
        Texts => {
            for token in tokens {
                append_text(&token.unescaped()?, data)?;
            }
        }
        Hex => data.extend(hex(&joined())?),
        Base64 => data.extend(STANDARD.decode(joined()).map_err(|_| Problem::Data)?),
        _ => service_parameter::append(tokens, data)?,
    }
    Ok(())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::Data)
}

fn append_text(text: &[u8], data: &mut Vec<u8>) -> Result<(), Problem> {
    data.push(u8::try_from(text.len()).map_err(|_| Problem::TooLong)?);
    data.extend_from_slice(text);
    Ok(())
}

fn hex(digits: &[u8]) -> Result<Vec<u8>, Problem> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let text = std::str::from_utf8(pair).ok().filter(|text| !text.starts_with('+'))?;
        u8::from_str_radix(text, 16).ok()
    };
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }.ok_or(Problem::Data)
}

/// Data given by length and hex digits; of a known type it has to have that type's form.
fn generic(fields: Option<&[Field]>, tokens: &[Token<'_>]) -> Result<Vec<u8>, Problem> {
    let (len, digits) = tokens.split_first().ok_or(Problem::Data)?;
    let len: usize = number(len.as_text().ok_or(Problem::Data)?)?;
    let mut data = Vec::new();
    rest_of_line(Hex, digits, &mut data)?;
    if data.len() != len {
        return Err(Problem::Data);
    }
    match fields {
        None => Ok(data),
        Some(fields) => checked(fields, &data).ok_or(Problem::Data),
    }
}

/// The data with its names lowered, if it has the form of these fields.
fn checked(fields: &[Field], data: &[u8]) -> Option<Vec<u8>> {
    let mut rest = data;
    let mut out = Vec::with_capacity(data.len());
    for field in fields {
        let len = match field {
            Host => name_len(rest)?,
            U8 => 1,
            U16 => 2,
            U32 | Seconds | Ipv4 => 4,
            Ipv6 => 16,
            Text => 1 + usize::from(*rest.first()?),
            Texts | Bytes | Hex | Base64 | Parameters => rest.len(),
        };
        let (part, others) = rest.split_at_checked(len)?;
        match field {
            Host => out.extend(part.iter().map(u8::to_ascii_lowercase)),
            _ => out.extend_from_slice(part),
        }
        rest = others;
    }
    rest.is_empty().then_some(out)
}

/// The length of the uncompressed name that data starts with.
fn name_len(data: &[u8]) -> Option<usize> {
    let mut end = 0;
    loop {
        let len = usize::from(*data.get(end)?);
        end += 1 + len;
        match len {
            0 => return Some(end),
            1..=LABEL_LEN_MAX if end < NAME_LEN_MAX => {}
            _ => return None,
        }
    }
}
