//! Record data: from a master file's tokens to wire form, by the parts that a type has.
//!
//! Names are lowered, as all names are that we keep; apart from that the wire form is exact. Every
//! type may also be written as `\#`, length and hex digits (RFC 3597 5).

use std::{collections::BTreeSet, net::IpAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Problem,
    entry::Token,
    field::{self, append_text, hex, number},
    kinds::{Field, fields, record_type},
    location, service_parameter,
};
use crate::{
    name::{LABEL_LEN_MAX, NAME_LEN_MAX, Name},
    wire::RecordType,
};

/// The wire form of a record's data.
pub(super) fn parse(
    rtype: RecordType,
    tokens: &[Token<'_>],
    origin: &Name,
) -> Result<Box<[u8]>, Problem> {
    let fields = fields(rtype);
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
        if takes_all(*field) {
            rest_of_line(*field, std::mem::take(&mut rest), origin, &mut data)?;
        } else {
            let (token, others) = rest.split_first().ok_or(Problem::Data)?;
            field::append(*field, token, origin, &mut data)?;
            rest = others;
        }
    }
    if rest.is_empty() { Ok(data) } else { Err(Problem::Data) }
}

/// Whether a field is all that is left of a line, however many tokens that is.
fn takes_all(field: Field) -> bool {
    use Field::{Base64, Gateway, Hex, Location, Parameters, Prefixes, Texts, Types};
    matches!(field, Base64 | Gateway | Hex | Location | Parameters | Prefixes | Texts | Types)
}

/// Appends a field that takes all that is left.
fn rest_of_line(
    field: Field,
    tokens: &[Token<'_>],
    origin: &Name,
    data: &mut Vec<u8>,
) -> Result<(), Problem> {
    let joined = || tokens.iter().flat_map(|token| token.raw).copied().collect::<Vec<u8>>();
    let words = || tokens.iter().map(Token::as_text).collect::<Option<Vec<_>>>();
    match field {
        Field::Texts if tokens.is_empty() => return Err(Problem::Data),
        Field::Texts => {
            for token in tokens {
                append_text(&token.unescaped()?, data)?;
            }
        }
        Field::Hex => data.extend(hex(&joined())?),
        Field::Base64 => data.extend(STANDARD.decode(joined()).map_err(|_| Problem::Data)?),
        Field::Types => types(&words().ok_or(Problem::Data)?, data)?,
        Field::Prefixes => {
            for word in words().ok_or(Problem::Data)? {
                prefix(word, data)?;
            }
        }
        Field::Location => location::append(&words().ok_or(Problem::Data)?, data)?,
        Field::Gateway => gateway(tokens, origin, data)?,
        _ => service_parameter::append(tokens, data)?,
    }
    Ok(())
}

/// Appends a bitmap of types in windows of 256 (RFC 4034 4.1.2).
fn types(words: &[&str], data: &mut Vec<u8>) -> Result<(), Problem> {
    let types: Option<BTreeSet<u16>> =
        words.iter().map(|word| record_type(word).map(|rtype| rtype.0)).collect();
    let types: Vec<_> = types.ok_or(Problem::Type)?.into_iter().collect();
    for of_window in types.chunk_by(|one, other| one >> 8 == other >> 8) {
        let [window, highest] = of_window[of_window.len() - 1].to_be_bytes();
        let mut bits = vec![0_u8; usize::from(highest / 8) + 1];
        for rtype in of_window {
            let [_, low] = rtype.to_be_bytes();
            bits[usize::from(low / 8)] |= 0x80 >> (low % 8);
        }
        data.push(window);
        append_text(&bits, data)?;
    }
    Ok(())
}

/// Appends an address prefix: `[!]family:address/length` (RFC 3123 4, 5).
fn prefix(word: &str, data: &mut Vec<u8>) -> Result<(), Problem> {
    let (is_negated, rest) = match word.strip_prefix('!') {
        Some(rest) => (0x80, rest),
        None => (0, word),
    };
    let (family, rest) = rest.split_once(':').ok_or(Problem::Data)?;
    let (address, length) = rest.split_once('/').ok_or(Problem::Data)?;
    let (family, length): (u16, u8) = (number(family)?, number(length)?);
    let bytes = match (family, number(address)?) {
        (1, IpAddr::V4(address)) if length <= 32 => address.octets().to_vec(),
        (2, IpAddr::V6(address)) if length <= 128 => address.octets().to_vec(),
        _ => return Err(Problem::Data),
    };
    // Zeros at the end are left out.
    let len = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    data.extend(family.to_be_bytes());
    data.push(length);
    data.push(is_negated | u8::try_from(len).map_err(|_| Problem::Data)?);
    data.extend(&bytes[..len]);
    Ok(())
}

/// Appends the rest of an IPsec key: gateway type, algorithm, gateway, key (RFC 4025 2).
fn gateway(tokens: &[Token<'_>], origin: &Name, data: &mut Vec<u8>) -> Result<(), Problem> {
    let [kind, algorithm, gateway, key @ ..] = tokens else { return Err(Problem::Data) };
    field::append(Field::U8, kind, origin, data)?;
    field::append(Field::U8, algorithm, origin, data)?;
    match kind.raw {
        b"0" if gateway.raw == b"." => {}
        b"1" => field::append(Field::Ipv4, gateway, origin, data)?,
        b"2" => field::append(Field::Ipv6, gateway, origin, data)?,
        b"3" => field::append(Field::Host, gateway, origin, data)?,
        _ => return Err(Problem::Data),
    }
    rest_of_line(Field::Base64, key, origin, data)
}

/// Data given by length and hex digits; of a known type it has to have that type's form.
fn generic(fields: Option<&[Field]>, tokens: &[Token<'_>]) -> Result<Vec<u8>, Problem> {
    let (len, digits) = tokens.split_first().ok_or(Problem::Data)?;
    let len: usize = number(len.as_text().ok_or(Problem::Data)?)?;
    let digits: Vec<u8> = digits.iter().flat_map(|token| token.raw).copied().collect();
    let data = hex(&digits)?;
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
            Field::Host => name_len(rest)?,
            Field::U8 | Field::Algorithm => 1,
            Field::U16 | Field::Type | Field::Certificate => 2,
            Field::U32 | Field::Seconds | Field::Time | Field::Ipv4 => 4,
            Field::Eui48 => 6,
            Field::Eui64 | Field::Node64 => 8,
            Field::Ipv6 | Field::Location => 16,
            Field::Text | Field::Salt | Field::Hash => 1 + usize::from(*rest.first()?),
            Field::Texts if rest.is_empty() => return None,
            _ => rest.len(),
        };
        let (part, others) = rest.split_at_checked(len)?;
        match field {
            Field::Host => out.extend(part.iter().map(u8::to_ascii_lowercase)),
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
