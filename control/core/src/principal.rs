//! Principals: whom a permission admits to a service, and whether a caller is one of them
//! (guide: "Manage permissions"). Knows nothing of IAM policies.

use std::{fmt, str::FromStr};

use model::{AccountId, Malformed};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::caller::{Caller, Identity};

/// Whom a permission admits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// Everyone: `*`.
    All,
    /// Everyone in an account: `arn:aws:iam::<account>:root`, or its twelve digits.
    Account(AccountId),
    /// A user: `arn:aws:iam::<account>:user/<name>`.
    User(AccountId, String),
    /// A role: `arn:aws:iam::<account>:role/<name>`.
    Role(AccountId, String),
}

/// Longest name of a user or role (IAM quotas).
const NAME_CHARS_MAX: usize = 64;

impl Principal {
    /// Whether the caller is admitted.
    pub fn admits(&self, caller: &Caller) -> bool {
        self.admitted(&caller.account, Some(&caller.identity))
    }
}

impl Principal {
    /// Whether it admitted whom an endpoint of an account was made by; where that was not written
    /// down, any of the account.
    pub fn admitted(&self, owner: &AccountId, creator: Option<&Identity>) -> bool {
        match (self, creator) {
            (Self::All, _) => true,
            (Self::Account(account), _)
            | (Self::User(account, _) | Self::Role(account, _), None) => account == owner,
            (Self::User(account, name), Some(creator)) => {
                account == owner && matches!(creator, Identity::User(own) if own == name)
            }
            (Self::Role(account, name), Some(creator)) => {
                account == owner && matches!(creator, Identity::Role(own) if own == name)
            }
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Account(account) => write!(f, "arn:aws:iam::{account}:root"),
            Self::User(account, name) => write!(f, "arn:aws:iam::{account}:user/{name}"),
            Self::Role(account, name) => write!(f, "arn:aws:iam::{account}:role/{name}"),
        }
    }
}

impl FromStr for Principal {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let malformed = Malformed { expected: "* or the ARN of an account, user or role" };
        if text == "*" {
            return Ok(Self::All);
        }
        if let Ok(account) = text.parse() {
            return Ok(Self::Account(account));
        }
        let rest = text.strip_prefix("arn:aws:iam::").ok_or(malformed)?;
        let (account, whom) = rest.split_once(':').ok_or(malformed)?;
        let account = account.parse().map_err(|_| malformed)?;
        match whom.split_once('/') {
            None if whom == "root" => Ok(Self::Account(account)),
            Some(("user", name)) if is_name(name) => Ok(Self::User(account, name.into())),
            Some(("role", name)) if is_name(name) => Ok(Self::Role(account, name.into())),
            None | Some(_) => Err(malformed),
        }
    }
}

/// Letters of IAM names; a `/` would be a path, which the guide rules out.
fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(plain)
}

impl Serialize for Principal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(account: &str, identity: Identity) -> Caller {
        Caller { account: account.parse().unwrap(), identity }
    }

    #[test]
    fn principals_admit_whom_they_name() {
        let (one, two) = ("111111111111", "222222222222");
        let user = |name: &str| Identity::User(name.into());
        let role = |name: &str| Identity::Role(name.into());
        let rows = [
            ("*", one, Identity::Root, true),
            ("*", two, role("r"), true),
            ("111111111111", one, Identity::Root, true),
            ("111111111111", two, Identity::Root, false),
            ("arn:aws:iam::111111111111:root", one, user("u"), true),
            ("arn:aws:iam::111111111111:root", one, role("r"), true),
            ("arn:aws:iam::111111111111:root", two, Identity::Root, false),
            ("arn:aws:iam::111111111111:user/u", one, user("u"), true),
            ("arn:aws:iam::111111111111:user/u", one, user("U"), false),
            ("arn:aws:iam::111111111111:user/u", one, role("u"), false),
            ("arn:aws:iam::111111111111:user/u", one, Identity::Root, false),
            ("arn:aws:iam::111111111111:user/u", two, user("u"), false),
            ("arn:aws:iam::111111111111:role/r", one, role("r"), true),
            ("arn:aws:iam::111111111111:role/r", one, user("r"), false),
            ("arn:aws:iam::111111111111:role/*", one, role("r"), false),
        ];
        for (text, account, identity, admitted) in rows {
            let admits = text
                .parse::<Principal>()
                .is_ok_and(|principal| principal.admits(&caller(account, identity.clone())));
            assert_eq!(admits, admitted, "{text} {account} {identity:?}");
        }
    }

    #[test]
    fn principals_read_back_what_they_write() {
        for text in [
            "*",
            "arn:aws:iam::111111111111:root",
            "arn:aws:iam::111111111111:user/alice@example.com",
            "arn:aws:iam::111111111111:role/r_1",
        ] {
            assert_eq!(text.parse::<Principal>().unwrap().to_string(), text);
        }
        assert_eq!("111111111111".parse(), "arn:aws:iam::111111111111:root".parse::<Principal>());
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "**",
            "root",
            "1111",
            "arn:aws:iam::111111111111",
            "arn:aws:iam::111111111111:",
            "arn:aws:iam::111111111111:Root",
            "arn:aws:iam::111111111111:user/",
            "arn:aws:iam::111111111111:user/path/name",
            "arn:aws:iam::111111111111:group/g",
            "arn:aws:iam::11111111111:root",
            "arn:aws:sts::111111111111:assumed-role/r/s",
            "arn:aws:iam::111111111111:root ",
        ] {
            assert!(text.parse::<Principal>().is_err(), "{text:?}");
        }
    }
}
