//! A message as a publisher hands it to SNS: the operation `Publish`, signed (SNS API reference,
//! "Publish").

use bytes::Bytes;
use control_core::resource::Message;
use http_body_util::Full;
use hyper::{
    HeaderMap, Request,
    header::{CONTENT_TYPE, HOST, HeaderValue},
    http,
};
use model::{RegionName, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{ReceiverUrl, document};
use crate::{
    config::AccessKey,
    signature::{Signer, sign},
};

/// The version of the API that is spoken.
const VERSION: &str = "2010-03-31";
/// How the names of topics end that keep an order, and want a group and an id of every message.
const ORDERED: &str = ".fifo";

pub(super) fn request(
    url: &ReceiverUrl,
    key: &AccessKey,
    region: &RegionName,
    message: &Message,
    at: Timestamp,
) -> http::Result<Request<Full<Bytes>>> {
    let body = form(message, region);
    let mut headers = HeaderMap::new();
    let kind = "application/x-www-form-urlencoded; charset=utf-8";
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(HOST, HeaderValue::from_str(url.authority())?);
    let topic_region = topic_region(message).and_then(|it| it.parse().ok());
    let signer = Signer {
        access_key_id: &key.access_key_id,
        secret: &key.secret_access_key.0,
        region: topic_region.as_ref().unwrap_or(region),
        service: "sns",
    };
    sign(&signer, url.path(), &mut headers, body.as_bytes(), at)?;
    let mut request = Request::post(url.path()).body(Full::new(body.into()))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The Region in the topic's ARN: the one that the signature must be for.
fn topic_region(message: &Message) -> Option<&str> {
    message.topic.as_str().split(':').nth(3)
}

fn form(message: &Message, region: &RegionName) -> String {
    let document = document::document(message, region);
    let (subject, id) = (document::subject(message), message.id.to_string());
    let mut members = vec![
        ("Action", "Publish"),
        ("Version", VERSION),
        ("TopicArn", message.topic.as_str()),
        ("Subject", &subject),
        ("Message", &document),
    ];
    let group = message.service.to_string();
    if message.topic.as_str().ends_with(ORDERED) {
        members.extend([("MessageGroupId", group.as_str()), ("MessageDeduplicationId", &id)]);
    }
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    members.join("&")
}
