//! The parameters of SVCB and HTTPS records (RFC 9460 2.1, 7, appendix A).

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Problem,
    entry::{Token, take_char},
};

/// The keys that have names (RFC 9460 14.3.2).
const KEYS: [&str; 9] = [
    "mandatory",
    "alpn",
    "no-default-alpn",
    "port",
    "ipv4hint",
    "ech",
    "ipv6hint",
    "dohpath",
    "ohttp",
];
const MANDATORY: u16 = 0;
/// Keys without values: `no-default-alpn`, and `ohttp` (RFC 9540 4).
const BARE: [u16; 2] = [2, 8];

/// Appends parameters in the order of their keys (RFC 9460 2.2).
pub(super) fn append(tokens: &[Token<'_>], data: &mut Vec<u8>) -> Result<(), Problem> {
    let mut parameters = BTreeMap::new();
    let mut rest = tokens;
    while let Some((token, others)) = rest.split_first() {
        rest = others;
        let mut parts = token.raw.splitn(2, |byte| *byte == b'=');
        let key = parts.next().and_then(key).ok_or(Problem::Data)?;
        let mut value = parts.next().map(|raw| Token { raw, is_quoted: false });
        // `key="value"` comes as two tokens, since a quote ends a word.
        if let (Some(Token { raw: [], .. }), Some((quoted, others))) = (value, rest.split_first())
            && quoted.is_quoted
        {
            value = Some(*quoted);
            rest = others;
        }
        let value = wire(key, value.map(|value| value.unescaped()).transpose()?)?;
        if parameters.insert(key, value).is_some() {
            return Err(Problem::Data);
        }
    }
    for (key, value) in parameters {
        data.extend(key.to_be_bytes());
        data.extend(u16::try_from(value.len()).map_err(|_| Problem::TooLong)?.to_be_bytes());
        data.extend(value);
    }
    Ok(())
}

fn key(raw: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(raw).ok()?;
    match KEYS.iter().position(|key| *key == text) {
        Some(index) => u16::try_from(index).ok(),
        None => text.strip_prefix("key")?.parse().ok(),
    }
}

/// The wire form of a parameter's value.
fn wire(key: u16, value: Option<Vec<u8>>) -> Result<Vec<u8>, Problem> {
    if BARE.contains(&key) {
        return if value.is_none() { Ok(Vec::new()) } else { Err(Problem::Data) };
    }
    let Some(value) = value else {
        return if usize::from(key) < KEYS.len() { Err(Problem::Data) } else { Ok(Vec::new()) };
    };
    let known = match KEYS.get(usize::from(key)) {
        None => return Ok(value),
        Some(&"ech") => return STANDARD.decode(value).map_err(|_| Problem::Data),
        Some(&"alpn") => return alpn(&value),
        Some(&"dohpath") => return Ok(value),
        Some(known) => *known,
    };
    let text = std::str::from_utf8(&value).map_err(|_| Problem::Data)?;
    let wire: Option<Vec<u8>> = match known {
        "port" => text.parse().ok().map(|port: u16| port.to_be_bytes().to_vec()),
        "ipv4hint" => list(text, |item| item.parse().ok().map(|a: Ipv4Addr| a.octets().to_vec())),
        "ipv6hint" => list(text, |item| item.parse().ok().map(|a: Ipv6Addr| a.octets().to_vec())),
        _ => mandatory(text),
    };
    wire.ok_or(Problem::Data)
}

fn list(text: &str, item: impl Fn(&str) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    text.split(',').map(item).collect::<Option<Vec<_>>>().map(|items| items.concat())
}

fn mandatory(text: &str) -> Option<Vec<u8>> {
    let mut keys: Vec<_> =
        text.split(',').map(|item| key(item.as_bytes())).collect::<Option<_>>()?;
    keys.sort_unstable();
    let is_sound = keys.windows(2).all(|pair| pair[0] != pair[1]) && keys[0] != MANDATORY;
    is_sound.then(|| keys.iter().flat_map(|key| key.to_be_bytes()).collect())
}

/// Protocol ids, of which a comma or backslash is escaped once more (RFC 9460 A.1).
fn alpn(mut value: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut ids = vec![Vec::new()];
    while let Some((byte, is_escaped)) = take_char(&mut value)? {
        match (byte, is_escaped, ids.last_mut()) {
            (b',', false, _) => ids.push(Vec::new()),
            (_, _, Some(id)) => id.push(byte),
            (_, _, None) => {}
        }
    }
    let mut wire = Vec::new();
    for id in ids {
        wire.push(u8::try_from(id.len()).ok().filter(|len| *len > 0).ok_or(Problem::Data)?);
        wire.extend(id);
    }
    Ok(wire)
}
