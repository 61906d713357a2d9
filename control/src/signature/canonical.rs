//! The canonical request: the one text that caller and server both sign (SigV4, "Create a canonical
//! request"). Rebuilt from the raw bytes, so that what is read later is what was signed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::{Claim, SignedRequest};

/// Everything but the unreserved characters of RFC 3986 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Writes the canonical request.
pub(crate) fn canonical_request(
    request: SignedRequest<'_>,
    claim: &Claim,
    payload_hash: &str,
) -> Vec<u8> {
    let mut text = Vec::with_capacity(512);
    for line in [request.method, &canonical_path(request.path), &canonical_query(request.query)] {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    for name in &claim.signed_headers {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        for (i, value) in request.headers.get_all(name.as_str()).iter().enumerate() {
            if i > 0 {
                text.push(b',');
            }
            push_folded(&mut text, value.as_bytes());
        }
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(claim.signed_headers.join(";").as_bytes());
    text.push(b'\n');
    text.extend_from_slice(payload_hash.as_bytes());
    text
}

/// A header's value without blanks at its ends and with one blank for each run inside.
fn push_folded(text: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(|b| matches!(b, b' ' | b'\t')).filter(|word| !word.is_empty());
    for (i, word) in words.enumerate() {
        if i > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

/// Dot segments resolved, each segment encoded once more (all services but S3).
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    if segments.is_empty() {
        return "/".to_owned();
    }
    let mut canonical = String::with_capacity(path.len());
    for segment in segments {
        canonical.push('/');
        canonical.extend(percent_encode(segment.as_bytes(), RESERVED));
    }
    if path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..") {
        canonical.push('/');
    }
    canonical
}

/// Names and values decoded, encoded again in the one canonical way, and sorted; without the
/// signature itself. `+` means a space, as it does to the form that is read from it: were it signed
/// as a plus, one signature would be good for two different requests.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (recoded(name), recoded(value)))
        .collect();
    pairs.sort();
    let mut canonical = String::with_capacity(query.len());
    for (i, (name, value)) in pairs.iter().enumerate() {
        if i > 0 {
            canonical.push('&');
        }
        canonical.push_str(name);
        canonical.push('=');
        canonical.push_str(value);
    }
    canonical
}

fn recoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let decoded: Vec<u8> = percent_decode_str(&spaced).collect();
    percent_encode(&decoded, RESERVED).to_string()
}
