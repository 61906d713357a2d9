//! An answer's last step: status, headers, and a body in the form that the caller reads. Nothing
//! here ever answers HTML: some SDKs fail on it before they see the status.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, DATE, HeaderName, HeaderValue},
};
use model::Timestamp;
use serde_json::json;

use super::service::Service;
use crate::query::{Dialect, Fault};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// XML of a Query protocol.
    Xml(Dialect),
    /// JSON, for services of newer protocols that are not here: only faults are sent in it.
    Json,
    /// JSON of services with methods and paths.
    RestJson,
}

impl Wire {
    /// What the caller of this service, or with these headers, reads.
    pub(super) fn of(service: Option<Service>, headers: &HeaderMap) -> Self {
        let json = headers
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().windows(4).any(|window| window == b"json"));
        match service {
            Some(service) if service.is_rest() => Self::RestJson,
            Some(service) => Self::Xml(service.dialect()),
            None if json => Self::Json,
            None => Self::Xml(Dialect::Query),
        }
    }
}

/// The response of a document or a fault.
pub(super) fn of(
    document: Result<Bytes, Fault>,
    wire: Wire,
    request_id: &str,
    now: Timestamp,
) -> Response<Full<Bytes>> {
    let (status, code, body) = match document {
        Ok(document) => (StatusCode::OK, None, document),
        Err(fault) => (fault.status, Some(fault.code), fault_body(&fault, wire, request_id).into()),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let kind = match wire {
        Wire::Xml(_) => "text/xml;charset=UTF-8",
        Wire::Json => "application/x-amz-json-1.0",
        Wire::RestJson => "application/json",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    if let Ok(date) = HeaderValue::from_str(&http_date(now)) {
        headers.insert(DATE, date);
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    if let (Some(code), Wire::Json | Wire::RestJson) = (code, wire) {
        headers.insert(ERROR_TYPE, HeaderValue::from_static(code));
    }
    if matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
        // The rest of the body was not read, so the connection is of no more use.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn fault_body(fault: &Fault, wire: Wire, request_id: &str) -> Vec<u8> {
    match wire {
        Wire::Xml(dialect) => fault.document(dialect, request_id),
        Wire::Json | Wire::RestJson => {
            let mut body = json!({ "__type": fault.code, "message": fault.message });
            for (name, detail) in &fault.details {
                body[*name] = detail.as_str().into();
            }
            body.to_string().into_bytes()
        }
    }
}

/// `Sat, 21 Nov 2026 03:06:19 GMT` (RFC 9110 5.6.7). Clients correct their clocks' skew by it.
fn http_date(now: Timestamp) -> String {
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::MAX)
        .strftime("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_http() {
        assert_eq!(http_date(Timestamp(1_795_230_366_999)), "Sat, 21 Nov 2026 03:06:06 GMT");
    }
}
