//! Who is calling: AWS Signature Version 4, verified.
//!
//! Relies on the request as it was received: raw path, raw query, headers, body bytes, and on a
//! reading of the clock. Deliberately does not know what the caller may do, which operation is
//! asked for, or how an error is worded on the wire: it returns a closed set of
//! [`SignatureError`]s.
//!
//! The order of checks is chosen so that nothing is computed for a request that cannot be right:
//! form, scope, key, time, and the signature last. Signatures are compared in constant time.

mod canonical;
mod claim;
mod identity;
mod session;
mod sign;
mod signing_key;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    time::Duration,
};

use control_core::Caller;
use hyper::HeaderMap;
use model::{RegionName, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

pub(crate) use canonical::canonical_request;
pub(crate) use claim::Claim;
pub(crate) use identity::Identity;
pub(crate) use session::{Credentials, POLICY_BYTES_MAX, Session, Sessions, Subject};
pub(crate) use sign::{Signer, sign};
use signing_key::SigningKeys;

/// How far a caller's clock may be off. AWS documents 5 minutes for most services and 15 for a few;
/// a replayed request is good for this long, so the shorter one is taken for all.
const SKEW_MAX: Duration = Duration::from_secs(5 * 60);

/// The Region that global endpoints of STS are signed for, wherever the caller is.
const GLOBAL_REGION: &str = "us-east-1";

/// A request as received, as far as its signature covers it.
#[derive(Clone, Copy)]
pub(crate) struct SignedRequest<'a> {
    /// The method.
    pub(crate) method: &'a str,
    /// The path, undecoded.
    pub(crate) path: &'a str,
    /// The query string, undecoded, without `?`.
    pub(crate) query: &'a str,
    /// All headers.
    pub(crate) headers: &'a HeaderMap,
    /// The body.
    pub(crate) body: &'a [u8],
}

/// What a request is signed for: the scope part of the credential.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    /// The key that the caller says it used.
    pub(crate) access_key_id: String,
    /// `YYYYMMDD`.
    pub(crate) date: String,
    /// The Region as the caller writes it.
    pub(crate) region: String,
    /// The service as the caller writes it, for example `ec2`.
    pub(crate) service: String,
}

/// Why a signature was not taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum SignatureError {
    /// Neither an `Authorization` header nor a signed query.
    #[error("the request is not signed")]
    Missing,
    /// The parts of the signature are not in the documented form.
    #[error("{0}")]
    Incomplete(&'static str),
    /// Scoped to a Region that is not served here.
    #[error("Credential should be scoped to a valid region")]
    WrongRegion,
    /// No account has this key, or the session token was not issued here for it.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// Signed for a session that is over.
    #[error("the session is over")]
    SessionExpired,
    /// Signed too long ago.
    #[error("the request was signed too long ago")]
    Expired,
    /// Signed for a time to come.
    #[error("the request is signed for a time to come")]
    NotYetValid,
    /// Signed with another secret, or changed on its way.
    #[error("the signature does not match")]
    Mismatch,
}

/// A secret access key: printed nowhere.
#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The keys that sign, of one configuration.
#[derive(Debug)]
pub(crate) struct Keys {
    keys: HashMap<String, (Caller, Secret)>,
    roles: HashSet<Caller>,
    /// Goes with the secrets that they are derived from.
    signing_keys: SigningKeys,
}

impl Keys {
    /// Takes the keys as (access key id, secret access key, whoever signs with it), and the roles
    /// that can have sessions.
    pub(crate) fn new<'a>(
        keys: impl IntoIterator<Item = (&'a str, &'a str, Caller)>,
        roles: impl IntoIterator<Item = Caller>,
    ) -> Self {
        let keys = keys
            .into_iter()
            .map(|(id, secret, owner)| (id.to_owned(), (owner, Secret(secret.to_owned()))));
        Self {
            keys: keys.collect(),
            roles: roles.into_iter().collect(),
            signing_keys: SigningKeys::default(),
        }
    }
}

/// Verifies requests.
#[derive(Debug)]
pub(crate) struct Verifier {
    region: RegionName,
    sessions: Option<Sessions>,
}

impl Verifier {
    /// Verifies what is signed for this Region.
    pub(crate) fn new(region: RegionName) -> Self {
        Self { region, sessions: Sessions::drawn() }
    }

    /// Checks the claim against the request it came with.
    pub(crate) fn verify(
        &self,
        keys: &Keys,
        claim: &Claim,
        request: SignedRequest<'_>,
        now: Timestamp,
    ) -> Result<Identity, SignatureError> {
        self.check_region(&claim.scope)?;
        let (caller, secret, session) = self.signer(keys, claim)?;
        claim.check_signed_headers(request.headers)?;
        check_time(claim, now)?;
        if session.as_ref().is_some_and(|session| session.expires <= now) {
            return Err(SignatureError::SessionExpired);
        }
        let canonical = canonical_request(request, claim, &payload_hash(request)?);
        let expected = keys.signing_keys.signature(&claim.scope, &secret.0, claim, &canonical);
        if bool::from(expected.as_slice().ct_eq(&claim.signature)) {
            Ok(Identity { caller, session, access_key_id: claim.scope.access_key_id.clone() })
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    /// Whose key the claim names: one of the configuration's, or with a token that of a session. A
    /// session ends with its role or its owner's key.
    fn signer(
        &self,
        keys: &Keys,
        claim: &Claim,
    ) -> Result<(Caller, Secret, Option<Session>), SignatureError> {
        let id = &claim.scope.access_key_id;
        let Some(token) = &claim.session_token else {
            let (caller, secret) = keys.keys.get(id).ok_or(SignatureError::UnknownKey)?;
            return Ok((caller.clone(), secret.clone(), None));
        };
        let opened = self.sessions.as_ref().and_then(|sessions| sessions.open(token, id));
        let (session, secret) = opened.ok_or(SignatureError::UnknownKey)?;
        let caller = session.caller();
        let goes_on = match &session.subject {
            Subject::Role { .. } => keys.roles.contains(&caller),
            Subject::Owner { access_key_id, .. } => {
                keys.keys.get(access_key_id).is_some_and(|(owner, _)| *owner == caller)
            }
        };
        if !goes_on {
            return Err(SignatureError::UnknownKey);
        }
        Ok((caller, Secret(secret), Some(session)))
    }

    /// The credentials of a new session; none if this process could draw no key for them.
    pub(crate) fn issue(&self, session: &Session) -> Option<Credentials> {
        self.sessions.as_ref().map(|sessions| sessions.issue(session))
    }

    fn check_region(&self, scope: &Scope) -> Result<(), SignatureError> {
        let global = scope.service == "sts" && scope.region == GLOBAL_REGION;
        if scope.region == self.region.as_str() || global {
            Ok(())
        } else {
            Err(SignatureError::WrongRegion)
        }
    }
}

fn check_time(claim: &Claim, now: Timestamp) -> Result<(), SignatureError> {
    if claim.at > now + SKEW_MAX {
        return Err(SignatureError::NotYetValid);
    }
    let good_for = claim.expires.unwrap_or(SKEW_MAX);
    if now.since(claim.at) > good_for {
        return Err(SignatureError::Expired);
    }
    Ok(())
}

/// The hash of the body as received. A hash that the caller states must be that one: the forms that
/// leave the body unsigned or sign it in parts belong to S3 alone.
fn payload_hash(request: SignedRequest<'_>) -> Result<String, SignatureError> {
    let hash = hex::encode(Sha256::digest(request.body));
    match request.headers.get("x-amz-content-sha256") {
        Some(stated) if stated.as_bytes() != hash.as_bytes() => Err(SignatureError::Mismatch),
        _ => Ok(hash),
    }
}
