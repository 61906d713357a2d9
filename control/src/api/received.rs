//! A request as it came from the transport, before anything in it is believed, and how one is
//! refused that is not worth reading.

use control_core::throttle::ActionClass;
use hyper::{Method, StatusCode, header::HOST, http::request::Parts};

use super::Service;
use crate::{
    audit::TlsDetails,
    http::{self, Arrival, BodyError, Channel},
    query::{Fault, Form},
    signature::SignedRequest,
    zonal_shift,
};

/// A request as the transport hands it over.
#[derive(Clone, Copy)]
pub(super) struct Received<'a> {
    pub(super) head: &'a Parts,
    pub(super) body: Result<&'a [u8], BodyError>,
    pub(super) service: Option<Service>,
    pub(super) arrival: Arrival,
}

impl<'a> Received<'a> {
    /// Whether the service that it means is spoken to with methods and paths.
    pub(super) fn is_rest(&self) -> bool {
        self.service.is_some_and(Service::is_rest)
    }

    /// The class of its operation, found before any of it is worked on. A form that names it twice,
    /// or in a roundabout way, is refused later or counts as a change.
    pub(super) fn class(&self) -> ActionClass {
        let reads =
            |action: &str| ["Describe", "Get", "List"].iter().any(|verb| action.starts_with(verb));
        let is_read = self.stated_action().is_some_and(reads);
        if is_read { ActionClass::Read } else { ActionClass::Change }
    }

    /// The operation's name, as it is sent.
    pub(super) fn stated_action(&self) -> Option<&'a str> {
        if self.is_rest() {
            let operation = zonal_shift::operation(&self.head.method, self.head.uri.path());
            return operation.map(|(name, _)| name);
        }
        let parts = [self.query().as_bytes(), self.body.unwrap_or_default()];
        let mut pairs = parts.into_iter().flat_map(|part| part.split(|byte| *byte == b'&'));
        let action = pairs.find_map(|pair| pair.strip_prefix(b"Action="))?;
        std::str::from_utf8(action).ok()
    }

    /// Its members.
    pub(super) fn form(&self, body: &[u8]) -> Result<Form, Fault> {
        if self.is_rest() {
            let head = self.head;
            let form = zonal_shift::form(&head.method, head.uri.path(), self.query(), body)?;
            return Form::parse(&[&form]);
        }
        Form::parse(&[self.query().as_bytes(), body])
    }

    /// A fault as the service that it means says it.
    pub(super) fn restated(&self, fault: Fault) -> Fault {
        if self.is_rest() { zonal_shift::restated(fault) } else { fault }
    }

    fn query(&self) -> &'a str {
        self.head.uri.query().unwrap_or_default()
    }
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

/// All other services are spoken to with forms at the root.
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
