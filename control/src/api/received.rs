//! A request as it came from the transport, before anything in it is believed, and how one is
//! refused that is not worth reading.

use control_core::throttle::ActionClass;
use hyper::{Method, StatusCode, header::HOST, http::request::Parts};

use super::Service;
use crate::{
    audit::TlsDetails,
    http::{self, Arrival, BodyError, Channel},
    query::Fault,
    signature::SignedRequest,
};

/// The parts of a request that hold members, not yet read: enough to tell what a call costs before
/// any of it is worked on.
#[derive(Clone, Copy)]
pub(super) struct RawForm<'a>(pub(super) &'a [&'a [u8]]);

impl RawForm<'_> {
    /// The class of its operation. A form that says so twice, or in a roundabout way, is refused
    /// later or counts as a change.
    pub(super) fn class(self) -> ActionClass {
        let reads = |action: &[u8]| {
            [&b"Describe"[..], b"Get", b"List"].iter().any(|verb| action.starts_with(verb))
        };
        if self.action().is_some_and(reads) { ActionClass::Read } else { ActionClass::Change }
    }

    /// The operation's name, as it is sent.
    pub(super) fn action(&self) -> Option<&[u8]> {
        let mut pairs = self.0.iter().flat_map(|part| part.split(|byte| *byte == b'&'));
        pairs.find_map(|pair| pair.strip_prefix(b"Action="))
    }
}

/// A request as the transport hands it over.
#[derive(Clone, Copy)]
pub(super) struct Received<'a> {
    pub(super) head: &'a Parts,
    pub(super) body: Result<&'a [u8], BodyError>,
    pub(super) service: Option<Service>,
    pub(super) arrival: Arrival,
}

impl<'a> Received<'a> {
    /// How it was encrypted, for the audit log.
    pub(super) fn tls(&self) -> Option<TlsDetails<'a>> {
        let Channel::Tls(negotiated) = self.arrival.channel else { return None };
        let host = self.head.headers.get(HOST).and_then(|host| host.to_str().ok());
        Some(TlsDetails { negotiated, host })
    }
}

/// What a signature covers.
pub(super) fn signed_request<'a>(head: &'a Parts, body: &'a [u8]) -> SignedRequest<'a> {
    SignedRequest {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body,
    }
}

/// All services here are spoken to with forms at the root.
pub(super) fn check_head(head: &Parts) -> Result<(), Fault> {
    if head.method != Method::GET && head.method != Method::POST {
        let message = "Requests are made with GET or POST.";
        return Err(Fault::with_status(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            message,
        ));
    }
    if head.uri.path() != "/" {
        let message = "There is nothing at this path; requests are made to /.";
        return Err(Fault::with_status(StatusCode::NOT_FOUND, "InvalidAction", message));
    }
    Ok(())
}

/// Why there is no body to look at, on the wire.
pub(super) fn body_fault(error: BodyError) -> Fault {
    match error {
        BodyError::TooLarge => Fault::with_status(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            format!("The body of a request may have {} bytes.", http::BODY_BYTES_MAX),
        ),
        BodyError::HeadTooLarge => Fault::with_status(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "RequestHeaderSectionTooLarge",
            format!(
                "The head of a request may have {} bytes in {} headers.",
                http::HEAD_BYTES_MAX,
                http::HEADERS_MAX
            ),
        ),
        BodyError::TimedOut => Fault::with_status(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeout",
            "The body of the request did not arrive in time.",
        ),
        BodyError::Broken => Fault::malformed_form("The body of the request cannot be read."),
    }
}

/// The scope names a service that is not here.
pub(super) fn not_served() -> Fault {
    Fault::new("InvalidAction", "The service that the request is signed for is not served here.")
}
