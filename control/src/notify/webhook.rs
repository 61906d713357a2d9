//! A message as SNS posts it to a subscriber over HTTP, with a signature of our own
//! (docs/notifications.md).

use bytes::Bytes;
use control_core::resource::Message;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::{Request, header::CONTENT_TYPE, http};
use model::{RegionName, Timestamp};
use sha2::Sha256;

use super::{ReceiverUrl, document};
use crate::Secret;

/// Carries the signature: `t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`.
const SIGNATURE: &str = "x-postern-signature";

pub(super) fn request(
    url: &ReceiverUrl,
    secret: Option<&Secret>,
    region: &RegionName,
    message: &Message,
    at: Timestamp,
) -> http::Result<Request<Full<Bytes>>> {
    let body = document::envelope(message, region).into_bytes();
    let mut request = Request::post(url.target())
        // As SNS sends it, so that its subscribers parse it.
        .header(CONTENT_TYPE, "text/plain; charset=UTF-8")
        .header("x-amz-sns-message-type", "Notification")
        .header("x-amz-sns-message-id", message.id.to_string())
        .header("x-amz-sns-topic-arn", message.topic.as_str());
    if let Some(secret) = secret {
        request = request.header(SIGNATURE, signature(secret, at, &body));
    }
    request.body(Full::new(body.into()))
}

/// The time is signed with the body, so that a receiver can refuse what is old.
fn signature(secret: &Secret, at: Timestamp, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.0.as_bytes()).expect("HMAC takes keys of any length");
    let seconds = at.as_secs();
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_documentation() {
        let secret = Secret("postern".to_owned());
        let signed = signature(&secret, Timestamp(1_795_230_366_999), b"{}");
        // printf '1795230366.{}' | openssl dgst -sha256 -hmac postern
        let expected = "7e62f3ce69a9b563716aaa790c7877023e693a092038bbc15db435cd56a4442b";
        assert_eq!(signed, format!("t=1795230366,v1={expected}"));
    }
}
