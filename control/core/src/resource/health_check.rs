//! How the targets of a group are probed (ELBv2 API, `CreateTargetGroup`; semantics 1.6). Knows the
//! ranges and how codes are written, not who asks.

use std::{num::NonZeroU16, ops::RangeInclusive};

use model::{HttpQuestion, Matcher};
use serde::{Deserialize, Serialize};

/// How targets are probed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// What a probe speaks.
    pub protocol: HealthCheckProtocol,
    /// What a probe over HTTP gets and expects; there with HTTP and HTTPS, and only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpQuestion>,
    /// The port probed; none is `traffic-port`, the target's own.
    pub port: Option<NonZeroU16>,
    /// From one probe's start to the next: 5 to 300.
    pub interval_s: u32,
    /// How long a probe may take: 2 to 120, and no longer than the interval.
    pub timeout_s: u32,
    /// Successes in a row that make an unhealthy target healthy: 2 to 10.
    pub healthy_threshold: u8,
    /// Failures in a row that make a healthy target unhealthy: 2 to 10.
    pub unhealthy_threshold: u8,
}

impl HealthCheck {
    /// What a new group has that says no more than the protocol.
    pub fn of(protocol: HealthCheckProtocol) -> Self {
        Self {
            protocol,
            http: protocol.is_http().then(default_question),
            port: None,
            interval_s: 30,
            timeout_s: match protocol {
                HealthCheckProtocol::Http => 6,
                HealthCheckProtocol::Tcp | HealthCheckProtocol::Https => 10,
            },
            healthy_threshold: 5,
            unhealthy_threshold: 2,
        }
    }
}

/// What a probe speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HealthCheckProtocol {
    /// Connecting is enough.
    Tcp,
    /// A GET is to be answered.
    Http,
    /// The same over TLS.
    Https,
}

impl HealthCheckProtocol {
    /// Whether it has a path and codes.
    pub fn is_http(self) -> bool {
        match self {
            Self::Http | Self::Https => true,
            Self::Tcp => false,
        }
    }
}

/// What `HealthCheckIntervalSeconds` may be.
pub const INTERVAL_S: RangeInclusive<u32> = 5..=300;
/// What `HealthCheckTimeoutSeconds` may be.
pub const TIMEOUT_S: RangeInclusive<u32> = 2..=120;
/// What either threshold may be.
pub const THRESHOLD: RangeInclusive<u8> = 2..=10;
/// What codes a matcher may have.
pub const CODES: RangeInclusive<u16> = 200..=599;
/// Longest path, in bytes (ELBv2 API).
pub const PATH_BYTES_MAX: usize = 1024;
/// Codes and ranges of one matcher: as many as anybody lists, and few to go through per probe.
pub const MATCHER_RANGES_MAX: usize = 50;

/// A probe over HTTP that says no more than that.
pub(crate) fn default_question() -> HttpQuestion {
    HttpQuestion { path: "/".into(), matcher: Matcher::default() }
}

/// Codes as the API writes them: `200`, `200-299`, `200,301-308`. None if it is written otherwise,
/// or a code is none that may be matched.
pub fn matcher(text: &str) -> Option<Matcher> {
    let code = |text: &str| {
        let is_plain = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|code| is_plain && CODES.contains(code))
    };
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = code(first)?..=code(last)?;
        (!range.is_empty()).then_some(range)
    };
    let ranges: Vec<_> = text.split(',').map(range).collect::<Option<_>>()?;
    (ranges.len() <= MATCHER_RANGES_MAX).then_some(Matcher(ranges))
}

/// Whether a path can stand in a request: it starts with a slash, and has nothing in it that would
/// end it.
pub fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= PATH_BYTES_MAX
        && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_the_api_writes_them() {
        for text in ["200", "200-399", "200-299,301", "200,202,599", "599"] {
            assert_eq!(matcher(text).unwrap().to_string(), text);
        }
        for text in ["", "199", "600", "399-200", "200-", "-200", "200,", "+200", "0200", "20x"] {
            assert_eq!(matcher(text), None, "{text}");
        }
        assert!(matcher(&["200"; MATCHER_RANGES_MAX].join(",")).is_some());
        assert_eq!(matcher(&["200"; MATCHER_RANGES_MAX + 1].join(",")), None);
    }

    #[test]
    fn paths_cannot_end_the_request_line() {
        for path in ["/", "/health?full=1", "/a%20b"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["", "health", "/a b", "/a\r\nX: y", "/\u{e9}", "/\0"] {
            assert!(!is_path(path), "{path:?}");
        }
        assert!(!is_path(&format!("/{}", "a".repeat(PATH_BYTES_MAX))));
    }
}
