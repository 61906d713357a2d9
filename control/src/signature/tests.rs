//! Signatures against an independent signer (`aws-sigv4`) and against tampering.

use std::time::{Duration, SystemTime};

use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
        sign,
    },
    sign::v4,
};
use hyper::{HeaderMap, header::HeaderName};
use model::Timestamp;

use super::*;

const NOW: Timestamp = Timestamp(1_795_230_366_000);
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A request that can be changed after it was signed.
#[derive(Clone)]
struct Sent {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn new(method: &str, path_and_query: &str, body: &str) -> Self {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let mut headers = HeaderMap::new();
        headers.insert("host", "127.0.0.1:4600".parse().unwrap());
        headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn signed(mut self, at: Timestamp, settings: SigningSettings) -> Self {
        let identity =
            aws_credential_types::Credentials::new("AKID", SECRET, None, None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("ec2")
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(at.0))
            .settings(settings)
            .build()
            .unwrap();
        let uri = format!("http://127.0.0.1:4600{}?{}", self.path, self.query);
        let headers = self.headers.iter().map(|(k, v)| (k.as_str(), v.to_str().unwrap()));
        let signable =
            SignableRequest::new(&self.method, uri, headers, SignableBody::Bytes(&self.body))
                .unwrap();
        let (instructions, _) = sign(signable, &params.into()).unwrap().into_parts();
        let (headers, query) = instructions.into_parts();
        for header in headers {
            let name: HeaderName = header.name().parse().unwrap();
            self.headers.insert(name, header.value().parse().unwrap());
        }
        for (name, value) in query {
            let value =
                percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC);
            self.query = format!("{}&{name}={value}", self.query).trim_matches('&').to_owned();
        }
        self
    }

    fn by_header(self, at: Timestamp) -> Self {
        self.signed(at, SigningSettings::default())
    }

    fn by_query(self, at: Timestamp) -> Self {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(600));
        self.signed(at, settings)
    }

    fn verified_by(&self, verifier: &(Verifier, Keys)) -> Result<Identity, SignatureError> {
        let request = SignedRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        };
        verifier.0.verify(&verifier.1, &Claim::read(request)?, request, NOW)
    }

    fn verified(&self) -> Result<Identity, SignatureError> {
        self.verified_by(&verifier(SECRET))
    }
}

fn verifier(secret: &str) -> (Verifier, Keys) {
    with_keys("us-east-1", &[("AKID", secret, Caller::root("111111111111".parse().unwrap()))])
}

fn with_keys(region: &str, keys: &[(&str, &str, Caller)]) -> (Verifier, Keys) {
    (Verifier::new(region.parse().unwrap()), Keys::new(keys.iter().cloned(), []))
}

#[test]
fn takes_what_an_independent_signer_made() {
    for target in [
        "/",
        "/?Action=DescribeVpcs&Version=2016-11-15",
        "/?b=2&a=1&a=0&empty=&A=%C3%A4%20%2B%2F~",
        "//a/./b/../c d%20e/",
    ] {
        for (method, body) in [("POST", "Action=DescribeVpcs&x=%2B"), ("GET", "")] {
            let target = target.replace("c d", "c");
            let request = Sent::new(method, &target, body);
            let identity = request.clone().by_header(NOW).verified();
            assert_eq!(
                identity.unwrap().caller.account.as_str(),
                "111111111111",
                "{method} {target}"
            );
            request.by_query(NOW).verified().unwrap();
        }
    }
}

#[test]
fn takes_a_stated_payload_hash_if_it_is_right() {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let mut request = Sent::new("POST", "/", "Action=A").signed(NOW, settings);
    request.verified().unwrap();
    request.body = b"Action=B".to_vec();
    assert_eq!(request.verified(), Err(SignatureError::Mismatch));
}

#[test]
fn folds_blanks_in_signed_headers() {
    let mut request = Sent::new("POST", "/", "");
    request.headers.insert("x-amz-note", "  a   b ".trim().parse().unwrap());
    request.by_header(NOW).verified().unwrap();
}

#[test]
fn refuses_whatever_was_changed_after_signing() {
    type Change = fn(&mut Sent);
    let changes: [(&str, Change); 7] = [
        ("method", |r| r.method = "PUT".into()),
        ("path", |r| r.path = "/x".into()),
        ("query", |r| r.query = r.query.replace("v=1", "v=2")),
        ("query added", |r| r.query.push_str("&w=1")),
        ("body", |r| r.body = b"Action=B".to_vec()),
        ("host", |r| drop(r.headers.insert("host", "elsewhere".parse().unwrap()))),
        ("plus for a space", |r| r.query = r.query.replace("%2B", "+")),
    ];
    for (what, change) in changes {
        for sign in [Sent::by_header, Sent::by_query] {
            let mut request = sign(Sent::new("POST", "/?v=1&p=%2B", "Action=A"), NOW);
            request.verified().unwrap();
            change(&mut request);
            assert_eq!(request.verified(), Err(SignatureError::Mismatch), "{what}");
        }
    }
}

#[test]
fn refuses_another_secret_key_and_region() {
    let request = Sent::new("POST", "/", "").by_header(NOW);
    assert_eq!(request.verified_by(&verifier("other")), Err(SignatureError::Mismatch));
    let none = with_keys("us-east-1", &[]);
    assert_eq!(request.verified_by(&none), Err(SignatureError::UnknownKey));
    let elsewhere = with_keys("eu-west-1", &[]);
    assert_eq!(request.verified_by(&elsewhere), Err(SignatureError::WrongRegion));
}

#[test]
fn refuses_a_clock_that_is_off() {
    let minutes = |n: u64| Duration::from_secs(60 * n);
    let table = [
        (NOW + minutes(4), false, Ok(())),
        (NOW + minutes(6), false, Err(SignatureError::NotYetValid)),
        (NOW - minutes(4), false, Ok(())),
        (NOW - minutes(6), false, Err(SignatureError::Expired)),
        (NOW + minutes(6), true, Err(SignatureError::NotYetValid)),
        (NOW - minutes(9), true, Ok(())),
        (NOW - minutes(11), true, Err(SignatureError::Expired)),
    ];
    for (at, in_query, expected) in table {
        let request = Sent::new("GET", "/?Action=A", "");
        let request = if in_query { request.by_query(at) } else { request.by_header(at) };
        assert_eq!(request.verified().map(drop), expected, "{at:?} {in_query}");
    }
}

#[test]
fn refuses_headers_that_are_not_covered() {
    let mut request = Sent::new("POST", "/", "").by_header(NOW);
    request.headers.insert("x-amz-target", "Other".parse().unwrap());
    assert!(matches!(request.verified(), Err(SignatureError::Incomplete(_))));
}

#[test]
fn refuses_malformed_claims() {
    let good = Sent::new("POST", "/", "").by_header(NOW);
    let header = good.headers["authorization"].to_str().unwrap().to_owned();
    let long = "a;".repeat(200_000 / 2);
    for (from, to) in [
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        ("AWS4-HMAC-SHA256 ", "Basic "),
        ("/aws4_request", ""),
        ("/aws4_request", "/aws4_request/more"),
        ("/2026", "/2025"),
        ("Signature=", "Signature=00"),
        ("Signature=", "Signature=g"),
        (", Signature=", ", Other="),
        ("SignedHeaders=", "SignedHeaders=;"),
        ("SignedHeaders=", &format!("SignedHeaders={long}")),
        ("SignedHeaders=", "SignedHeaders=Host;"),
        ("SignedHeaders=", "SignedHeaders=a, SignedHeaders="),
    ] {
        let mut request = good.clone();
        let text = header.replace(from, to);
        assert_ne!(text, header, "{from}");
        request.headers.insert("authorization", text.parse().unwrap());
        let result = request.verified();
        assert!(
            matches!(result, Err(SignatureError::Incomplete(_))),
            "{from} {to:.40}: {result:?}"
        );
    }
    assert_eq!(Sent::new("POST", "/", "").verified(), Err(SignatureError::Missing));
}

#[test]
fn refuses_session_tokens_and_two_signatures() {
    let mut request = Sent::new("POST", "/", "");
    request.headers.insert("x-amz-security-token", "token".parse().unwrap());
    assert_eq!(request.by_header(NOW).verified(), Err(SignatureError::UnknownKey));
    let twice = Sent::new("GET", "/", "").by_query(NOW).by_header(NOW);
    assert!(matches!(twice.verified(), Err(SignatureError::Incomplete(_))));
}

#[test]
fn the_date_header_serves_without_an_amz_date() {
    let claim = |date: &str| {
        let mut request = Sent::new("POST", "/", "").by_header(NOW);
        request.headers.remove("x-amz-date");
        request.headers.insert("date", date.parse().unwrap());
        let request = SignedRequest {
            method: "POST",
            path: "/",
            query: "",
            headers: &request.headers,
            body: b"",
        };
        Claim::read(request).map(|claim| claim.at)
    };
    assert_eq!(claim("Sat, 21 Nov 2026 03:06:06 GMT"), Ok(NOW));
    assert!(claim("yesterday").is_err());
}

#[test]
fn secrets_are_not_printed() {
    let verifier = verifier(SECRET);
    Sent::new("POST", "/", "").by_header(NOW).verified_by(&verifier).unwrap();
    assert!(!format!("{verifier:?}").contains("wJalr"));
}
