//! How much one endpoint of a service may carry, as the service's tags say. Knows the keys and the
//! ranges, not who counts.

use model::EndpointLimits;

use crate::{
    refusal::{Refusal, TagRefusal},
    tag::Tags,
};

/// On a service: connections and UDP flows that each of its endpoints may have open.
pub const CONNECTIONS: &str = "postern:endpoint-connections";
/// On a service: new connections and UDP flows per second that each of its endpoints may make.
pub const NEW_CONNECTIONS: &str = "postern:endpoint-new-connections-per-second";
/// On a service: bytes per second, both ways together, that each of its endpoints may carry.
pub const BYTES: &str = "postern:endpoint-bytes-per-second";

/// What the tags of a service say; a malformed one, which is never let in, says nothing.
pub(crate) fn of(tags: &Tags) -> EndpointLimits {
    EndpointLimits {
        connections: number(tags, CONNECTIONS).ok().flatten(),
        new_connections_per_second: number(tags, NEW_CONNECTIONS).ok().flatten(),
        bytes_per_second: bytes(tags).ok().flatten(),
    }
}

/// Refuses tags that would say something else than a number.
pub(crate) fn check(tags: &Tags) -> Result<(), Refusal> {
    number(tags, CONNECTIONS)?;
    number(tags, NEW_CONNECTIONS)?;
    bytes(tags)?;
    Ok(())
}

fn number(tags: &Tags, key: &'static str) -> Result<Option<u32>, Refusal> {
    read(tags, key, u32::MAX.into()).map(|found| found.and_then(|it| u32::try_from(it).ok()))
}

/// No link carries as much as the greatest number in bytes.
fn bytes(tags: &Tags) -> Result<Option<u64>, Refusal> {
    read(tags, BYTES, i64::MAX.unsigned_abs())
}

fn read(tags: &Tags, key: &'static str, max: u64) -> Result<Option<u64>, Refusal> {
    let Some(text) = tags.value(key) else { return Ok(None) };
    let is_plain = text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_plain && (1..=max).contains(number));
    number.map(Some).ok_or_else(|| TagRefusal::Number { key, max }.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_whole_numbers_from_one() {
        let of = |key: &str, text: &str| -> Tags { [(key, text)].into_iter().collect() };
        for key in [CONNECTIONS, NEW_CONNECTIONS, BYTES] {
            for text in ["", "0", "-1", "+1", "1.5", "1k", "99999999999999999999", " 1"] {
                assert!(check(&of(key, text)).is_err(), "{key} {text}");
                assert!(super::of(&of(key, text)).is_unlimited());
            }
            assert!(check(&of(key, "1")).is_ok());
        }
        assert!(check(&of(CONNECTIONS, "4294967296")).is_err());
        assert_eq!(super::of(&of(BYTES, "4294967296")).bytes_per_second, Some(1 << 32));
        assert_eq!(super::of(&of(CONNECTIONS, "4294967295")).connections, Some(u32::MAX));
        assert_eq!(super::of(&of(NEW_CONNECTIONS, "7")).new_connections_per_second, Some(7));
    }
}
