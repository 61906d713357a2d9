//! Signing a request of our own, for services that speak AWS's protocols. The signature covers the
//! host, the type of the body, the time and the body.

use hyper::{HeaderMap, header::HeaderValue, http};
use model::{RegionName, Timestamp};
use sha2::{Digest, Sha256};

use super::{Claim, Scope, SignedRequest, SigningKeys, canonical_request};

/// The headers that are signed, in the order of the alphabet.
const SIGNED: [&str; 3] = ["content-type", "host", "x-amz-date"];

/// Who signs, and for what.
pub(crate) struct Signer<'a> {
    /// The access key's id.
    pub(crate) access_key_id: &'a str,
    /// The secret that goes with it.
    pub(crate) secret: &'a str,
    /// The Region that the request is for.
    pub(crate) region: &'a RegionName,
    /// The service that it is for, as `sns`.
    pub(crate) service: &'a str,
}

/// Adds the time and the signature to the headers of a `POST`, which hold its host and type.
pub(crate) fn sign(
    signer: &Signer<'_>,
    path: &str,
    headers: &mut HeaderMap,
    body: &[u8],
    at: Timestamp,
) -> http::Result<()> {
    let mut claim = Claim {
        scope: Scope {
            access_key_id: signer.access_key_id.to_owned(),
            date: String::new(),
            region: signer.region.to_string(),
            service: signer.service.to_owned(),
        },
        at,
        expires: None,
        signed_headers: SIGNED.map(str::to_owned).to_vec(),
        signature: [0; 32],
        session_token: None,
    };
    let date = claim.amz_date();
    claim.scope.date = date.chars().take_while(|it| *it != 'T').collect();
    headers.insert("x-amz-date", HeaderValue::from_str(&date)?);
    let request = SignedRequest { method: "POST", path, query: "", headers, body };
    let canonical = canonical_request(request, &claim, &hex::encode(Sha256::digest(body)));
    let keys = SigningKeys::default();
    let signature = keys.signature(&claim.scope, signer.secret, &claim, &canonical);
    let Scope { access_key_id, date, region, service } = &claim.scope;
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={access_key_id}/{date}/{region}/{service}/aws4_request, \
         SignedHeaders={}, Signature={}",
        SIGNED.join(";"),
        hex::encode(signature),
    );
    headers.insert("authorization", HeaderValue::from_str(&authorization)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use aws_sigv4::{
        http_request::{SignableBody, SignableRequest, SigningSettings, sign as independent},
        sign::v4,
    };

    use super::*;

    #[test]
    fn requests_are_signed_as_an_independent_signer_does() {
        let (id, secret, at) = ("AKID", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1_795_230_366);
        let body = b"Action=Publish&Message=%7B%7D";
        let identity =
            aws_credential_types::Credentials::new(id, secret, None, None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name("sns")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(at))
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let kind = "application/x-www-form-urlencoded";
        let named = [("host", "sns.internal"), ("content-type", kind)];
        let uri = "http://sns.internal/a%20b";
        let signable =
            SignableRequest::new("POST", uri, named.into_iter(), SignableBody::Bytes(body))
                .unwrap();
        let (instructions, _) = independent(signable, &params.into()).unwrap().into_parts();
        let (expected, _) = instructions.into_parts();

        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("sns.internal"));
        headers.insert("content-type", HeaderValue::from_static(kind));
        let region = "eu-west-1".parse().unwrap();
        let signer = Signer { access_key_id: id, secret, region: &region, service: "sns" };
        sign(&signer, "/a%20b", &mut headers, body, Timestamp(at * 1000)).unwrap();
        assert_eq!(expected.len(), 2);
        for header in expected {
            assert_eq!(headers[header.name()], header.value());
        }
    }
}
