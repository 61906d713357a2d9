//! One line: CloudTrail's names ("CloudTrail record contents"), our bounds.
//!
//! `requestParameters` has the members as they were sent, by their names on the wire: CloudTrail's
//! own spelling differs from service to service and is documented for none. Values of members that
//! carry secrets are replaced, long ones are cut.

use std::net::IpAddr;

use control_core::{Caller, Identity, throttle::ActionClass};
use model::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    http::Negotiated,
    query::{Fault, Form, fault::quoted},
};

/// The version of CloudTrail's record contents that the names are from.
const EVENT_VERSION: &str = "1.11";
/// Members of a request that are kept.
const PARAMETERS_MAX: usize = 100;
/// Bytes of names and values that are kept, so that a line stays below 20 KiB.
const PARAMETERS_BYTES_MAX: usize = 16 * 1024;
/// Longest user agent that is kept.
const USER_AGENT_CHARS_MAX: usize = 256;
/// Longest host that is kept: the longest name, and a port.
const HOST_CHARS_MAX: usize = 261;
/// What stands for a secret (CloudTrail's own words).
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";
/// Members whose last name has one of these in it carry secrets.
const SECRET_NAMES: [&str; 8] = [
    "password",
    "secret",
    "privatekey",
    "sessiontoken",
    "securitytoken",
    "tokencode",
    "identitytoken",
    "samlassertion",
];

/// How a service writes an error's code in CloudTrail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorForm {
    /// With whose fault it is in front: `Client.DryRunOperation`.
    WithSide,
    /// As in the answer.
    Plain,
}

/// The members of a request as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Map<String, Value>);

impl Parameters {
    /// Those of a form, without what every request has.
    pub(crate) fn of(form: &Form) -> Self {
        let mut kept = Map::new();
        let mut bytes = 0;
        let members = form.iter().filter(|(name, _)| !matches!(*name, "Action" | "Version"));
        for (count, (name, value)) in members.enumerate() {
            let value = if is_secret(name) { HIDDEN } else { quoted(value) };
            bytes += name.len() + value.len();
            if count >= PARAMETERS_MAX || bytes > PARAMETERS_BYTES_MAX {
                // No member of any operation has this name.
                kept.insert("...".to_owned(), "more members were sent than are kept".into());
                break;
            }
            kept.insert(name.to_owned(), value.into());
        }
        Self(kept)
    }
}

fn is_secret(name: &str) -> bool {
    let mut parts = name.split('.');
    let named = parts.rfind(|part| !part.bytes().all(|byte| byte.is_ascii_digit()));
    let last = named.unwrap_or(name).to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| last.contains(secret))
}

/// What is known of one call when it is answered.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    /// When it was answered.
    pub(crate) at: Timestamp,
    /// The service in scopes; none if no service was meant that is served.
    pub(crate) service: Option<&'static str>,
    /// The operation, as far as the request could be read.
    pub(crate) action: &'a str,
    /// Whether the operation changes nothing.
    pub(crate) class: ActionClass,
    /// The Region.
    pub(crate) region: &'a str,
    /// Whose connection it came on.
    pub(crate) peer: IpAddr,
    /// How it was encrypted; none if it was not.
    pub(crate) tls: Option<TlsDetails<'a>>,
    /// What the client says it is.
    pub(crate) user_agent: Option<&'a str>,
    /// Who called; none if the signature was not taken.
    pub(crate) caller: Option<&'a Caller>,
    /// The key that signed.
    pub(crate) access_key_id: Option<&'a str>,
    /// The request's id.
    pub(crate) request_id: &'a str,
    /// The entry's own id.
    pub(crate) event_id: &'a str,
    /// The members; none if the caller is not known.
    pub(crate) parameters: Option<&'a Parameters>,
    /// Why it was refused.
    pub(crate) fault: Option<&'a Fault>,
    /// How the service writes codes.
    pub(crate) error_form: ErrorForm,
}

/// CloudTrail's `tlsDetails`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TlsDetails<'a> {
    /// What the handshake came to.
    pub(crate) negotiated: Negotiated,
    /// The host that the client meant to speak to, as it says.
    pub(crate) host: Option<&'a str>,
}

impl TlsDetails<'_> {
    /// With the names of the standards, `TLSv1.3` and `TLS_AES_256_GCM_SHA384`, as CloudTrail has
    /// them.
    fn json(&self) -> Value {
        let Negotiated { version, suite } = self.negotiated;
        let version = version.as_str().map(|it| it.replace('_', "."));
        let suite = suite.as_str().map(|it| it.replacen("TLS13_", "TLS_", 1));
        let host = self.host.map(|host| cut(host, HOST_CHARS_MAX));
        json!({ "tlsVersion": version, "cipherSuite": suite, "clientProvidedHostHeader": host })
    }
}

impl Entry<'_> {
    /// The line, with its end.
    pub(crate) fn line(&self) -> Vec<u8> {
        let source = self.service.map(|service| format!("{service}.amazonaws.com"));
        let mut record = json!({
            "eventVersion": EVENT_VERSION,
            "userIdentity": self.user_identity(),
            "eventTime": time(self.at),
            "eventSource": source.as_deref().unwrap_or("unknown"),
            "eventName": quoted(self.action),
            "awsRegion": self.region,
            "sourceIPAddress": self.peer.to_canonical().to_string(),
            "userAgent": self.user_agent.map(|agent| cut(agent, USER_AGENT_CHARS_MAX)),
            "requestParameters": self.parameters.map(|parameters| &parameters.0),
            "responseElements": null,
            "requestID": self.request_id,
            "eventID": self.event_id,
            "readOnly": self.class == ActionClass::Read,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "eventCategory": "Management",
        });
        if let Some(fault) = self.fault {
            record["errorCode"] = self.error_code(fault).into();
            record["errorMessage"] = fault.message.as_str().into();
        }
        if let Some(tls) = &self.tls {
            record["tlsDetails"] = tls.json();
        }
        if let Some(caller) = self.caller {
            record["recipientAccountId"] = caller.account.as_str().into();
        }
        let mut line = record.to_string().into_bytes();
        line.push(b'\n');
        line
    }

    fn error_code(&self, fault: &Fault) -> String {
        match self.error_form {
            ErrorForm::WithSide if fault.status.is_server_error() => {
                format!("Server.{}", fault.code)
            }
            ErrorForm::WithSide => format!("Client.{}", fault.code),
            ErrorForm::Plain => fault.code.to_owned(),
        }
    }

    /// The one who called; of strangers, no more than what they say.
    fn user_identity(&self) -> Value {
        let Some(caller) = self.caller else {
            return json!({ "type": "Unknown", "accessKeyId": self.access_key_id });
        };
        let account = caller.account.as_str();
        let (kind, arn, name) = match &caller.identity {
            Identity::Root => ("Root", "root".to_owned(), None),
            Identity::User(name) => ("IAMUser", format!("user/{name}"), Some(name)),
            Identity::Role(name) => ("AssumedRole", format!("role/{name}"), Some(name)),
        };
        let mut identity = json!({
            "type": kind,
            "principalId": account,
            "arn": format!("arn:aws:iam::{account}:{arn}"),
            "accountId": account,
            "accessKeyId": self.access_key_id,
        });
        if let Some(name) = name {
            identity["userName"] = name.as_str().into();
        }
        identity
    }
}

fn cut(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}

/// `2026-11-21T03:06:19Z`.
fn time(at: Timestamp) -> String {
    let seconds = i64::try_from(at.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::MAX)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}
