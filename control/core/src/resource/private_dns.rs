//! A service's private DNS name and how it is proven that the provider owns the domain: a TXT
//! record with a token (guide: "Domain ownership verification"). Does not know who looks it up.

use std::fmt;

use model::{DnsName, Timestamp};
use serde::{Deserialize, Serialize};

/// The name that a service's consumers may reach it by, and where its proof stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateDns {
    /// The name; the first label may be `*`.
    pub name: DnsName,
    /// What the TXT record must hold.
    pub token: DomainToken,
    /// Where the proof stands.
    pub state: DomainState,
    /// What the last look-up came to; none before the first.
    pub last: Option<DomainOutcome>,
    /// When the provider last asked for a look-up; none before the first time.
    pub asked: Option<Timestamp>,
}

impl PrivateDns {
    /// A name whose proof begins.
    pub fn new(name: DnsName, token: DomainToken) -> Self {
        Self { name, token, state: DomainState::PendingVerification, last: None, asked: None }
    }

    /// The name after a look-up.
    pub(crate) fn after(&self, outcome: DomainOutcome) -> Self {
        let state = self.state.after(outcome);
        Self { state, last: Some(outcome), ..self.clone() }
    }

    /// The name after its provider asked for a look-up.
    pub(crate) fn asked(&self, now: Timestamp) -> Self {
        let state = match self.state {
            DomainState::Failed => DomainState::PendingVerification,
            state @ (DomainState::PendingVerification | DomainState::Verified) => state,
        };
        Self { state, asked: Some(now), ..self.clone() }
    }

    /// Why the proof stands where it does, for people.
    pub fn reason(&self) -> &'static str {
        self.last.map_or("no resolver has looked the TXT record up yet", DomainOutcome::as_str)
    }

    /// The domain that is to be proven: the name without a wildcard label.
    pub fn domain(&self) -> &str {
        self.name.as_str().strip_prefix("*.").unwrap_or(self.name.as_str())
    }
}

/// Where the proof of a domain stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DomainState {
    /// Nobody has found the record yet.
    PendingVerification,
    /// The record was found.
    Verified,
    /// The record was looked for and is not there, or no longer.
    Failed,
}

impl DomainState {
    /// The state after a look-up. A look-up that did not take place proves nothing either way.
    pub const fn after(self, outcome: DomainOutcome) -> Self {
        match outcome {
            DomainOutcome::Found => Self::Verified,
            DomainOutcome::Missing | DomainOutcome::Different => Self::Failed,
            DomainOutcome::Unanswered | DomainOutcome::NoResolver => self,
        }
    }
}

impl fmt::Display for DomainState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PendingVerification => "pendingVerification",
            Self::Verified => "verified",
            Self::Failed => "failed",
        })
    }
}

/// What looking up the TXT record came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DomainOutcome {
    /// The record is there and holds the token.
    Found,
    /// There is no such record.
    Missing,
    /// There is one, and none with the token.
    Different,
    /// No name server answered.
    Unanswered,
    /// No resolver is configured.
    NoResolver,
}

impl DomainOutcome {
    /// All outcomes.
    pub const ALL: [Self; 5] =
        [Self::Found, Self::Missing, Self::Different, Self::Unanswered, Self::NoResolver];

    /// A sentence's worth of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Found => "the TXT record was found",
            Self::Missing => "the TXT record is not there",
            Self::Different => "the TXT record has another value",
            Self::Unanswered => "no name server answered",
            Self::NoResolver => "no resolver is configured that could look the TXT record up",
        }
    }
}

/// What the TXT record of a domain must hold: twenty letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DomainToken(String);

impl DomainToken {
    /// Makes the token of a drawn number.
    pub fn from_bits(bits: u128) -> Self {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        const LENGTH: usize = 20;
        let mut rest = bits;
        let digits = std::iter::repeat_with(|| {
            let digit = DIGITS[usize::try_from(rest % 36).unwrap_or(0)];
            rest /= 36;
            char::from(digit)
        });
        Self(digits.take(LENGTH).collect())
    }

    /// The record's name, below the domain.
    pub fn record_name(&self) -> String {
        format!("_{}", self.0)
    }

    /// The record's value.
    pub fn record_value(&self) -> String {
        format!("vpce:{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_record_itself_settles_the_proof() {
        use DomainState::{Failed, PendingVerification, Verified};
        for from in [PendingVerification, Verified, Failed] {
            let after = DomainOutcome::ALL.map(|outcome| from.after(outcome));
            assert_eq!(after, [Verified, Failed, Failed, from, from], "{from}");
        }
    }

    #[test]
    fn asking_again_gives_a_failed_proof_another_chance() {
        let name = PrivateDns::new("*.a.example".parse().unwrap(), DomainToken::from_bits(1));
        assert_eq!(name.domain(), "a.example");
        let failed = name.after(DomainOutcome::Missing);
        assert_eq!(failed.state, DomainState::Failed);
        let again = failed.asked(Timestamp(7));
        assert_eq!(again.state, DomainState::PendingVerification);
        assert_eq!(again.asked, Some(Timestamp(7)));
        let verified = again.after(DomainOutcome::Found);
        assert_eq!(verified.asked(Timestamp(8)).state, DomainState::Verified);
    }

    #[test]
    fn tokens_make_the_record() {
        let token = DomainToken::from_bits(u128::MAX);
        assert_eq!(token.record_name().len(), 21);
        assert!(token.record_value().starts_with("vpce:"));
    }
}
