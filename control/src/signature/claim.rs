//! What a request says about its own signature, from the `Authorization` header or from the query.
//! Checks the form only: nothing here is to be believed before [`super::Verifier`] has spoken.

use std::time::Duration;

use hyper::HeaderMap;
use jiff::{civil::DateTime, tz::TimeZone};
use model::Timestamp;

use super::{Scope, SignatureError, SignedRequest};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
/// The longest that a signed query may be good for: seven days (SigV4, `X-Amz-Expires`).
const EXPIRES_MAX: u64 = 604_800;
/// More signed headers than any client sends; what is above is not looked at.
const SIGNED_HEADERS_MAX: usize = 64;

/// The claim: scope, time, what is covered, and the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Key, date, Region and service.
    pub(crate) scope: Scope,
    /// When it was signed.
    pub(crate) at: Timestamp,
    /// How long a signed query is good for; none for a signed header.
    pub(crate) expires: Option<Duration>,
    /// Names of the headers covered, lower case, in the claim's order.
    pub(crate) signed_headers: Vec<String>,
    /// The signature.
    pub(crate) signature: [u8; 32],
    /// The token that a temporary key goes with; covered by the signature like all else.
    pub(crate) session_token: Option<String>,
}

impl Claim {
    /// Reads the claim of a request.
    pub(crate) fn read(request: SignedRequest<'_>) -> Result<Self, SignatureError> {
        let in_query = query_value(request.query, "X-Amz-Algorithm").is_some()
            || query_value(request.query, "X-Amz-Signature").is_some();
        match (request.headers.get("authorization"), in_query) {
            (None, false) => Err(SignatureError::Missing),
            (Some(_), true) => {
                Err(SignatureError::Incomplete("Only one way of signing may be used at a time."))
            }
            (Some(header), false) => {
                let text = header.to_str().map_err(|_| {
                    SignatureError::Incomplete("The Authorization header is not plain text.")
                })?;
                Self::from_header(text, request.headers)
            }
            (None, true) => Self::from_query(request.query, request.headers),
        }
    }

    /// The time in the form that is signed: `20261121T030619Z`.
    pub(super) fn amz_date(&self) -> String {
        let seconds = i64::try_from(self.at.as_secs()).unwrap_or(i64::MAX);
        jiff::Timestamp::from_second(seconds)
            .map(|at| at.strftime("%Y%m%dT%H%M%SZ").to_string())
            .unwrap_or_default()
    }

    /// `host` and every `x-amz-*` header must be covered, or a stranger could add one.
    pub(super) fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), SignatureError> {
        let covered = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        let all = headers
            .keys()
            .map(hyper::header::HeaderName::as_str)
            .filter(|name| name.starts_with("x-amz-"))
            .all(covered);
        if covered("host") && all {
            Ok(())
        } else {
            Err(SignatureError::Incomplete(
                "'Host' and every 'X-Amz-*' header of the request must be signed.",
            ))
        }
    }

    fn from_header(text: &str, headers: &HeaderMap) -> Result<Self, SignatureError> {
        let (algorithm, rest) = text.trim().split_once(' ').unwrap_or((text, ""));
        check_algorithm(algorithm)?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in rest.split(',') {
            let slot = match part.trim().split_once('=') {
                Some(("Credential", value)) => (&mut credential, value),
                Some(("SignedHeaders", value)) => (&mut signed_headers, value),
                Some(("Signature", value)) => (&mut signature, value),
                _ => {
                    return Err(SignatureError::Incomplete(
                        "The Authorization header has an unknown part.",
                    ));
                }
            };
            if slot.0.replace(slot.1).is_some() {
                return Err(SignatureError::Incomplete(
                    "The Authorization header has a part twice.",
                ));
            }
        }
        let scope = read_scope(credential)?;
        let at = header_time(headers)?;
        Ok(Self {
            scope: dated(scope, at)?,
            at,
            expires: None,
            signed_headers: read_signed_headers(signed_headers)?,
            signature: read_signature(signature)?,
            session_token: header_token(headers),
        })
    }

    fn from_query(query: &str, headers: &HeaderMap) -> Result<Self, SignatureError> {
        let value = |name| query_value(query, name);
        check_algorithm(&value("X-Amz-Algorithm").unwrap_or_default())?;
        let scope = read_scope(value("X-Amz-Credential").as_deref())?;
        let at = value("X-Amz-Date").as_deref().and_then(basic_time).ok_or(
            SignatureError::Incomplete("X-Amz-Date must be of the form YYYYMMDDTHHMMSSZ."),
        )?;
        let expires = value("X-Amz-Expires")
            .and_then(|text| text.parse().ok())
            .filter(|seconds| (1..=EXPIRES_MAX).contains(seconds))
            .ok_or(SignatureError::Incomplete("X-Amz-Expires must be from 1 to 604800."))?;
        Ok(Self {
            scope: dated(scope, at)?,
            at,
            expires: Some(Duration::from_secs(expires)),
            signed_headers: read_signed_headers(value("X-Amz-SignedHeaders").as_deref())?,
            signature: read_signature(value("X-Amz-Signature").as_deref())?,
            session_token: value("X-Amz-Security-Token").or_else(|| header_token(headers)),
        })
    }
}

/// A token that is not plain text is none that was issued here.
fn header_token(headers: &HeaderMap) -> Option<String> {
    let token = headers.get("x-amz-security-token")?;
    Some(token.to_str().unwrap_or_default().to_owned())
}

fn check_algorithm(algorithm: &str) -> Result<(), SignatureError> {
    if algorithm == ALGORITHM {
        Ok(())
    } else {
        Err(SignatureError::Incomplete("The request must be signed with AWS4-HMAC-SHA256."))
    }
}

fn read_scope(credential: Option<&str>) -> Result<Scope, SignatureError> {
    let parts: Vec<&str> = credential.unwrap_or_default().split('/').collect();
    let [access_key_id, date, region, service, TERMINATOR] = parts[..] else {
        return Err(SignatureError::Incomplete(
            "Credential must be of the form KEY/YYYYMMDD/REGION/SERVICE/aws4_request.",
        ));
    };
    Ok(Scope {
        access_key_id: access_key_id.to_owned(),
        date: date.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
    })
}

/// The scope, if its date is the day of the signing time.
fn dated(scope: Scope, at: Timestamp) -> Result<Scope, SignatureError> {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    let day = jiff::Timestamp::from_second(seconds).map(|at| at.strftime("%Y%m%d").to_string());
    if day.is_ok_and(|day| day == scope.date) {
        Ok(scope)
    } else {
        Err(SignatureError::Incomplete("The date of Credential must be the day of X-Amz-Date."))
    }
}

fn read_signed_headers(list: Option<&str>) -> Result<Vec<String>, SignatureError> {
    let list = list.unwrap_or_default();
    let plain = |name: &str| !name.is_empty() && !name.bytes().any(|b| b.is_ascii_uppercase());
    if list.split(';').take(SIGNED_HEADERS_MAX + 1).filter(|name| plain(name)).count()
        == list.split(';').count()
    {
        Ok(list.split(';').map(str::to_owned).collect())
    } else {
        Err(SignatureError::Incomplete("SignedHeaders must be a list of lower-case names."))
    }
}

fn read_signature(text: Option<&str>) -> Result<[u8; 32], SignatureError> {
    let mut signature = [0; 32];
    hex::decode_to_slice(text.unwrap_or_default(), &mut signature)
        .map_err(|_| SignatureError::Incomplete("Signature must be 64 hexadecimal digits."))?;
    Ok(signature)
}

/// The signing time of a signed header: `X-Amz-Date`, else `Date`.
fn header_time(headers: &HeaderMap) -> Result<Timestamp, SignatureError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let at = match (text("x-amz-date"), text("date")) {
        (Some(date), _) => basic_time(date),
        (None, Some(date)) => basic_time(date).or_else(|| {
            let zoned = jiff::fmt::rfc2822::parse(date).ok()?;
            timestamp(zoned.timestamp())
        }),
        (None, None) => None,
    };
    at.ok_or(SignatureError::Incomplete(
        "The request must have an X-Amz-Date header of the form YYYYMMDDTHHMMSSZ.",
    ))
}

fn basic_time(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    timestamp(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn timestamp(at: jiff::Timestamp) -> Option<Timestamp> {
    u64::try_from(at.as_millisecond()).ok().map(Timestamp)
}

fn query_value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name)
            .then(|| percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
    })
}
