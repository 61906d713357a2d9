//! Sessions of roles, and of users that ask for one: temporary credentials that need no table.
//!
//! A session token says in clear whose session it is and until when, under a seal. Key id and
//! secret follow from the token and from a key that this process draws at its start and tells
//! nobody: with the secrets of the configuration instead, a user who knows one could make sessions
//! of roles that never trusted it. So sessions end with the process. Does not know whom a role
//! trusts.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use control_core::{Caller, caller};
use hmac::{Hmac, KeyInit, Mac};
use model::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How much a session's policy may add to its token, which goes with every request: the longest
/// policy of usual letters fits.
pub(crate) const POLICY_BYTES_MAX: usize = 3072;
/// Longer than any token issued here: names have 64 characters at most, and base64 makes four
/// letters of three bytes.
const TOKEN_BYTES_MAX: usize = (POLICY_BYTES_MAX + 768) / 3 * 4;
const SEAL_BYTES: usize = 32;
/// Bytes of a secret access key: 40 characters, as AWS's have.
const SECRET_BYTES: usize = 30;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The account.
    pub(crate) account: AccountId,
    /// Whom in it the session acts as.
    pub(crate) subject: Subject,
    /// When it began.
    pub(crate) issued: Timestamp,
    /// When it ends.
    pub(crate) expires: Timestamp,
    /// The text of a policy that it may not go beyond.
    pub(crate) policy: Option<String>,
}

/// Whom a session acts as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subject {
    /// A role.
    Role {
        /// The role's name.
        role: String,
        /// The session's name.
        session: String,
    },
    /// Whoever asked for it with a key of its own: a user, or the account itself. It ends with the
    /// key.
    Owner {
        /// The user's name; none for the account itself.
        user: Option<String>,
        /// The key.
        access_key_id: String,
    },
}

impl Session {
    /// Whom it acts as, as a caller.
    pub(crate) fn caller(&self) -> Caller {
        let identity = match &self.subject {
            Subject::Role { role, .. } => caller::Identity::Role(role.clone()),
            Subject::Owner { user: Some(name), .. } => caller::Identity::User(name.clone()),
            Subject::Owner { user: None, .. } => caller::Identity::Root,
        };
        Caller { account: self.account.clone(), identity }
    }

    /// The name that a role's session was given; empty for others.
    pub(crate) fn name(&self) -> &str {
        match &self.subject {
            Subject::Role { session, .. } => session,
            Subject::Owner { .. } => "",
        }
    }

    /// How many bytes of the token its policy takes.
    pub(crate) fn policy_bytes(&self) -> usize {
        let said = |policy| serde_json::to_vec(policy).map_or(usize::MAX, |text| text.len());
        self.policy.as_ref().map_or(0, said)
    }
}

/// What the holder of a session signs with.
pub(crate) struct Credentials {
    /// Names the key.
    pub(crate) access_key_id: String,
    /// Signs with it.
    pub(crate) secret_access_key: String,
    /// Goes with every request.
    pub(crate) session_token: String,
}

/// Issues sessions and knows its own again.
pub(crate) struct Sessions([u8; 32]);

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(..)")
    }
}

impl Sessions {
    /// Draws the key from the machine's source of secrets; none if that has nothing.
    pub(crate) fn drawn() -> Option<Self> {
        let mut key = [0; 32];
        match getrandom::fill(&mut key) {
            Ok(()) => Some(Self(key)),
            Err(error) => {
                tracing::error!(%error, "draw the key of sessions; no role can be assumed");
                None
            }
        }
    }

    /// The credentials of a session.
    pub(crate) fn issue(&self, session: &Session) -> Credentials {
        let said = serde_json::to_vec(session).expect("a session is texts and numbers");
        let mut token = self.mac("seal", &said).to_vec();
        token.extend_from_slice(&said);
        Credentials {
            access_key_id: self.access_key_id(&said),
            secret_access_key: self.secret(&said),
            session_token: URL_SAFE_NO_PAD.encode(token),
        }
    }

    /// The session of a token that was issued here for this key id, with the secret.
    pub(crate) fn open(&self, token: &str, access_key_id: &str) -> Option<(Session, String)> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (seal, said) = bytes.split_at_checked(SEAL_BYTES)?;
        let genuine = bool::from(self.mac("seal", said).as_slice().ct_eq(seal));
        if !genuine || self.access_key_id(said) != access_key_id {
            return None;
        }
        Some((serde_json::from_slice(said).ok()?, self.secret(said)))
    }

    fn access_key_id(&self, said: &[u8]) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mac = self.mac("id", said);
        let letters = mac.iter().take(16).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        "ASIA".chars().chain(letters).collect()
    }

    fn secret(&self, said: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(&self.mac("secret", said)[..SECRET_BYTES])
    }

    fn mac(&self, purpose: &str, said: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .expect("HMAC takes keys of every length (RFC 2104)");
        mac.update(purpose.as_bytes());
        mac.update(b"\0");
        mac.update(said);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session {
            account: "111111111111".parse().unwrap(),
            subject: Subject::Role { role: "r".repeat(64), session: "s".repeat(64) },
            issued: Timestamp(u64::MAX),
            expires: Timestamp(u64::MAX),
            policy: Some("p".repeat(POLICY_BYTES_MAX - 2)),
        }
    }

    #[test]
    fn a_token_opens_where_it_was_issued_and_for_its_key_alone() {
        let sessions = Sessions([1; 32]);
        let issued = sessions.issue(&session());
        let (token, id) = (&issued.session_token, &issued.access_key_id);
        assert_eq!(sessions.open(token, id), Some((session(), issued.secret_access_key.clone())));
        assert_eq!((id.len(), issued.secret_access_key.len()), (20, 40));
        assert_eq!(sessions.open(token, "ASIAAAAAAAAAAAAAAAAA"), None);
        assert_eq!(Sessions([2; 32]).open(token, id), None);
        let mut bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        assert_eq!(session().policy_bytes(), POLICY_BYTES_MAX);
        for at in (0..bytes.len()).filter(|at| *at < 400 || at % 97 == 0) {
            bytes[at] ^= 1;
            assert_eq!(sessions.open(&URL_SAFE_NO_PAD.encode(&bytes), id), None, "{at}");
            bytes[at] ^= 1;
        }
        for bad in ["", "x", "=", &"A".repeat(9000)] {
            assert_eq!(sessions.open(bad, id), None, "{bad:.20}");
        }
    }
}
