//! From when until when a certificate is good: the one thing about it that operators must be told
//! and that TLS libraries of servers do not look at.
//!
//! Reads just enough DER (X.690) to find it (RFC 5280 4.1). Total over all bytes. Does not check
//! anything else of a certificate.

use jiff::{civil::DateTime, tz::TimeZone};
use model::Timestamp;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// From when until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Validity {
    /// That of a certificate; none if it is malformed up to there.
    pub(super) fn read(certificate: &[u8]) -> Option<Self> {
        let mut certificate = Elements(certificate).enter(SEQUENCE)?;
        let mut signed = certificate.enter(SEQUENCE)?;
        // Serial number, algorithm and issuer come before; a version may come first of all.
        if signed.next()?.0 == VERSION {
            signed.next()?;
        }
        signed.next()?;
        signed.next()?;
        let mut validity = signed.enter(SEQUENCE)?;
        let (not_before, not_after) = (time(validity.next()?)?, time(validity.next()?)?);
        Some(Self { not_before, not_after })
    }
}

/// Elements of DER, one after another.
struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The tag and the content of the next one.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&[tag, first], mut rest) = self.0.split_first_chunk()?;
        let length = match first {
            short @ 0..=0x7f => usize::from(short),
            // Longer lengths are those of larger files than are read.
            long @ 0x81..=0x83 => {
                let (length, after) = rest.split_at_checked(usize::from(long & 0x7f))?;
                rest = after;
                length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
            }
            _ => return None,
        };
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((tag, content))
    }

    /// What the next one is made of.
    fn enter(&mut self, tag: u8) -> Option<Self> {
        let (found, content) = self.next()?;
        (found == tag).then_some(Self(content))
    }
}

fn time((tag, content): (u8, &[u8])) -> Option<Timestamp> {
    let text = std::str::from_utf8(content).ok()?;
    let text = match tag {
        // Two digits of a year: 1950 to 2049.
        UTC_TIME if text.get(..2)? >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    let at = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    // What was before 1970 is over, whenever exactly.
    Some(Timestamp(u64::try_from(at.as_millisecond()).unwrap_or(0)))
}
