//! A zonal shift: a zone of a load balancer that is kept out of DNS for a while (ARC zonal shift
//! API). Does not know the load balancer, in whose record it lies.

use std::{fmt, ops::RangeInclusive, sync::Arc, time::Duration};

use model::{Timestamp, ZoneId};
use serde::{Deserialize, Serialize};

/// The last zonal shift of a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZonalShift {
    /// Its id.
    pub id: ZonalShiftId,
    /// The zone that is kept out of DNS.
    pub zone: ZoneId,
    /// When it started.
    pub started: Timestamp,
    /// When it ends by itself, or ended.
    pub expires: Timestamp,
    /// Whether it still lasts.
    pub status: ZonalShiftStatus,
    /// What the caller said about it.
    pub comment: Arc<str>,
}

impl ZonalShift {
    /// Whether the zone is kept out of DNS.
    pub fn is_active(&self) -> bool {
        self.status == ZonalShiftStatus::Active
    }
}

/// How long a zonal shift may be from now on.
pub const DURATION: RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(72 * 3600);
/// Longest comment, in characters.
pub const COMMENT_CHARS_MAX: usize = 128;

/// Whether a zonal shift still lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ZonalShiftStatus {
    /// It does.
    Active,
    /// Its time was over.
    Expired,
    /// Its owner ended it.
    Canceled,
}

impl fmt::Display for ZonalShiftStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "ACTIVE",
            Self::Expired => "EXPIRED",
            Self::Canceled => "CANCELED",
        })
    }
}

/// The id of a zonal shift, in the form of a UUID.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ZonalShiftId(Arc<str>);

impl ZonalShiftId {
    /// The id with these bits.
    pub fn from_bits(bits: u128) -> Self {
        let hex = format!("{bits:032x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        Self(parts.join("-").into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An id as a caller writes it, whether or not anything has it.
impl From<&str> for ZonalShiftId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// A length of time as the API writes it: `30m`, `72h`. None if it is written otherwise.
pub fn length(text: &str) -> Option<Duration> {
    let (number, seconds) = match text.strip_suffix('m') {
        Some(number) => (number, 60),
        None => (text.strip_suffix('h')?, 3600),
    };
    let is_plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
    let number: u32 = number.parse().ok().filter(|_| is_plain)?;
    Some(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_minutes_or_hours() {
        for (text, seconds) in [("1m", 60), ("30m", 1800), ("4h", 14_400), ("72h", 259_200)] {
            assert_eq!(length(text), Some(Duration::from_secs(seconds)));
        }
        for text in ["", "m", "0m", "01h", "1s", "1", "-1m", "+1m", "1.5h", "99999999999h"] {
            assert_eq!(length(text), None, "{text}");
        }
    }

    #[test]
    fn ids_look_like_uuids() {
        let id = ZonalShiftId::from_bits(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(id.as_str(), "01234567-89ab-cdef-0123-456789abcdef");
    }
}
