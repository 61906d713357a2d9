//! Who signed a request, in the words of IAM: ARNs and unique ids. Does not know what anyone may
//! do.

use control_core::{Caller, caller};
use sha2::{Digest, Sha256};

use super::Session;

/// A caller whose signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The account, and whom in it.
    pub(crate) caller: Caller,
    /// The session, if it is a role that calls.
    pub(crate) session: Option<Session>,
    /// The key.
    pub(crate) access_key_id: String,
}

impl Identity {
    /// The caller as policies look at it.
    pub(crate) fn policy_caller(&self) -> iam::Caller {
        let kind = match &self.caller.identity {
            caller::Identity::Root => iam::CallerKind::Root,
            caller::Identity::User(name) => iam::CallerKind::User { name: name.clone() },
            caller::Identity::Role(name) => {
                let session = self.session.as_ref().map(|session| session.name().to_owned());
                iam::CallerKind::Role { name: name.clone(), session: session.unwrap_or_default() }
            }
        };
        iam::Caller { account: self.caller.account.to_string(), kind }
    }

    /// The ARN that callers are told about themselves: a session's is its own.
    pub(crate) fn arn(&self) -> String {
        let caller = self.policy_caller();
        let arn = caller.session_arn().or_else(|| caller.principal_arn());
        arn.expect("only an anonymous caller has no ARN, and this one has signed")
    }

    /// The unique id (IAM guide, "IAM identifiers").
    pub(crate) fn user_id(&self) -> String {
        let account = &self.caller.account;
        match &self.caller.identity {
            caller::Identity::Root => account.to_string(),
            caller::Identity::User(name) => unique_id("AIDA", account.as_str(), name),
            caller::Identity::Role(role) => {
                let session = self.session.as_ref().map_or("", Session::name);
                format!("{}:{session}", unique_id("AROA", account.as_str(), role))
            }
        }
    }
}

/// An id in the form of IAM's, the same for the same name: there is nowhere to keep a drawn one.
pub(crate) fn unique_id(prefix: &str, account: &str, name: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let hash = Sha256::digest(format!("{prefix}/{account}/{name}"));
    let letters = hash.iter().take(17).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    prefix.chars().chain(letters).collect()
}
