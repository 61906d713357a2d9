//! What makes a repeated create harmless: which resource a client's token made, and of which
//! parameters (EC2 API: "Ensuring idempotency").

use std::{fmt, hash::Hasher, str::FromStr, sync::Arc};

use model::{AccountId, Malformed, Timestamp};
use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher24};

use crate::resource::ResourceId;

/// A remembered token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientToken {
    /// Whose, for what, and the token itself.
    pub key: ClientTokenKey,
    /// Tells the parameters from others.
    pub fingerprint: Fingerprint,
    /// What was created.
    pub resource: ResourceId,
    /// When it is forgotten.
    pub expires: Timestamp,
}

/// Which token: a token means something only to the account and operation that brought it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClientTokenKey {
    /// Who brought it.
    pub account: AccountId,
    /// For which operation.
    pub operation: CreateOperation,
    /// The client's text.
    pub token: Arc<str>,
}

/// Longest token, in bytes (EC2 API: "up to 64 ASCII characters").
pub const TOKEN_BYTES_MAX: usize = 64;

/// An operation that takes a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CreateOperation {
    /// `CreateVpcEndpointServiceConfiguration`.
    Service,
    /// `CreateVpcEndpoint`.
    Endpoint,
    /// `CreateVpcEndpointConnectionNotification`.
    Notification,
    /// `CreateRouteTable`.
    RouteTable,
}

impl fmt::Display for ClientTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operation = match self.operation {
            CreateOperation::Service => "service",
            CreateOperation::Endpoint => "endpoint",
            CreateOperation::Notification => "notification",
            CreateOperation::RouteTable => "route-table",
        };
        write!(f, "{}/{operation}/{}", self.account, self.token)
    }
}

impl FromStr for ClientTokenKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = Malformed { expected: "an account, an operation and a token" };
        let mut parts = text.splitn(3, '/');
        let mut next = || parts.next().ok_or(malformed);
        let account = next()?.parse()?;
        let operation = match next()? {
            "service" => CreateOperation::Service,
            "endpoint" => CreateOperation::Endpoint,
            "notification" => CreateOperation::Notification,
            "route-table" => CreateOperation::RouteTable,
            _ => return Err(malformed),
        };
        Ok(Self { account, operation, token: next()?.into() })
    }
}

/// A hash of a command's parameters. It guards a client against its own mistake, not against an
/// adversary, so the key is fixed; it must stay the same from release to release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint([u64; 2]);

impl Fingerprint {
    /// The fingerprint of parameters.
    pub(crate) fn of(parameters: &impl Serialize) -> Self {
        let text = serde_json::to_vec(parameters).expect("parameters have string keys only");
        let mut hasher = SipHasher24::new();
        hasher.write(&text);
        let hash = hasher.finish128();
        Self([hash.h1, hash.h2])
    }
}
