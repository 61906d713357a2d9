//! A refusal as the wire carries it: HTTP status, code, message.
//!
//! Codes that every operation shares have a constructor here, with the texts of AWS (control-api
//! 1.1,
//! 1.4, 1.5). Does not know the refusals of the core: `ec2::code` and `elb::code` translate those.

use hyper::StatusCode;

use super::{Dialect, Xml};

/// The longest piece of a caller's text that a message repeats.
const QUOTED_MAX: usize = 256;

/// A refusal on its way to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The code that clients match on.
    pub(crate) code: &'static str,
    /// The text for people.
    pub(crate) message: String,
    /// What answers in JSON say besides, by the names there.
    pub(crate) details: Vec<(&'static str, String)>,
}

impl Fault {
    /// A fault of the caller's with status 400.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, code, message)
    }

    /// A fault with its own status.
    pub(crate) fn with_status(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code, message: message.into(), details: Vec::new() }
    }

    /// The fault with one more detail.
    pub(crate) fn with(mut self, name: &'static str, detail: &str) -> Self {
        self.details.push((name, detail.to_owned()));
        self
    }

    /// A member that must be there is not.
    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::new("MissingParameter", format!("The request must contain the parameter {name}"))
    }

    /// A member that the operation does not have.
    pub(crate) fn unknown_parameter(name: &str) -> Self {
        let name = quoted(name);
        Self::new("UnknownParameter", format!("The parameter {name} is not recognized"))
    }

    /// A value that is not of the member's type or not one of its values.
    pub(crate) fn invalid_value(name: &str, value: &str, expected: &str) -> Self {
        let value = quoted(value);
        Self::new(
            "InvalidParameterValue",
            format!("Value ({value}) for parameter {name} is invalid. Expected {expected}."),
        )
    }

    /// Two members that exclude each other.
    pub(crate) fn invalid_combination(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterCombination", message)
    }

    /// A member that AWS has and Postern does not serve: better said than silently dropped.
    pub(crate) fn unsupported_parameter(name: &str) -> Self {
        Self::new("UnsupportedOperation", format!("The parameter {name} is not supported here."))
    }

    /// A form that cannot be read at all.
    pub(crate) fn malformed_form(message: &str) -> Self {
        Self::new("MalformedQueryString", message)
    }

    /// The answer to a dry run that would have succeeded.
    pub(crate) fn dry_run() -> Self {
        Self::with_status(
            StatusCode::PRECONDITION_FAILED,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        )
    }

    /// The account calls too often. Stock clients wait and try again on either (botocore's
    /// `_retry.json`).
    pub(crate) fn throttled(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Ec2 => Self::with_status(
                StatusCode::SERVICE_UNAVAILABLE,
                "RequestLimitExceeded",
                "Request limit exceeded.",
            ),
            Dialect::Query => Self::new("Throttling", "Rate exceeded"),
        }
    }

    /// An operation that is not served.
    pub(crate) fn invalid_action(action: &str, version: &str) -> Self {
        let (action, version) = (quoted(action), quoted(version));
        Self::new(
            "InvalidAction",
            format!("The action {action} is not valid for this web service (version {version})."),
        )
    }

    /// Something here does not work; what exactly is for the log.
    pub(crate) fn internal() -> Self {
        Self::with_status(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "An internal error has occurred. The outcome of the request is unknown.",
        )
    }

    /// The whole error document.
    pub(crate) fn document(&self, dialect: Dialect, request_id: &str) -> Vec<u8> {
        let mut xml = Xml::new();
        match dialect {
            Dialect::Ec2 => xml.element("Response", |xml| {
                xml.element("Errors", |xml| {
                    xml.element("Error", |xml| {
                        xml.text("Code", self.code);
                        xml.text("Message", &self.message);
                    });
                });
                xml.text("RequestID", request_id);
            }),
            Dialect::Query => xml.element("ErrorResponse", |xml| {
                xml.element("Error", |xml| {
                    let sender = !self.status.is_server_error();
                    xml.text("Type", if sender { "Sender" } else { "Receiver" });
                    xml.text("Code", self.code);
                    xml.text("Message", &self.message);
                });
                xml.text("RequestId", request_id);
            }),
        }
        xml.into_document()
    }
}

/// A caller's text, cut to a length that is fit for a message.
pub(crate) fn quoted(text: &str) -> &str {
    match text.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}
