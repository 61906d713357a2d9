//! Who asks, and whom a policy's `Principal` element means.

use serde_json::Value;

use crate::document::MalformedPolicy;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account: String,
    /// What in it.
    pub kind: CallerKind,
}

/// What in an account asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallerKind {
    /// The account itself.
    Root,
    /// A user.
    User {
        /// Its name.
        name: String,
    },
    /// A session of a role.
    Role {
        /// The role's name.
        name: String,
        /// The session's name.
        session: String,
    },
    /// Nobody who signed.
    Anonymous,
}

impl Caller {
    /// The ARN that `aws:PrincipalArn` and `GetCallerIdentity` tell; for a session, the role's.
    pub fn principal_arn(&self) -> Option<String> {
        let account = &self.account;
        match &self.kind {
            CallerKind::Root => Some(format!("arn:aws:iam::{account}:root")),
            CallerKind::User { name } => Some(format!("arn:aws:iam::{account}:user/{name}")),
            CallerKind::Role { name, .. } => Some(format!("arn:aws:iam::{account}:role/{name}")),
            CallerKind::Anonymous => None,
        }
    }

    /// The ARN of the session, where there is one.
    pub fn session_arn(&self) -> Option<String> {
        match &self.kind {
            CallerKind::Role { name, session } => {
                Some(format!("arn:aws:sts::{}:assumed-role/{name}/{session}", self.account))
            }
            CallerKind::Root | CallerKind::User { .. } | CallerKind::Anonymous => None,
        }
    }
}

/// One entry of a `Principal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Principal {
    /// `*`: everybody, anonymous callers too.
    Everybody,
    /// An account with all its users and roles.
    Account(String),
    /// One user, role or session.
    Arn(String),
    /// A service or a federation: nobody who calls us.
    Other,
}

/// A `Principal` or `NotPrincipal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principals(Vec<Principal>);

impl Principals {
    /// Reads the element: `"*"` or a map from kind to one or several values.
    pub fn parse(value: &Value) -> Result<Self, MalformedPolicy> {
        let mut entries = Vec::new();
        match value {
            Value::String(text) if text == "*" => entries.push(Principal::Everybody),
            Value::Object(kinds) if !kinds.is_empty() => {
                for (kind, values) in kinds {
                    let values = crate::document::one_or_many(values);
                    for value in values.map_err(|_| MalformedPolicy::Principal)? {
                        entries.push(entry(kind, value)?);
                    }
                }
            }
            _ => return Err(MalformedPolicy::Principal),
        }
        Ok(Self(entries))
    }

    /// Whether the caller is one of them.
    pub fn include(&self, caller: &Caller) -> bool {
        self.0.iter().any(|principal| principal.is(caller))
    }

    /// Whether `NotPrincipal` with this list leaves the caller out. An account in it
    /// excepts only the account itself: its users and roles must be named each (IAM guide,
    /// "NotPrincipal").
    pub(crate) fn except(&self, caller: &Caller) -> bool {
        let is_root = caller.kind == CallerKind::Root;
        if is_root { self.include(caller) } else { self.name(caller) }
    }

    /// Whether the caller is one of them other than by its account.
    pub(crate) fn name(&self, caller: &Caller) -> bool {
        let by_account = |principal: &Principal| matches!(principal, Principal::Account(_));
        self.0.iter().any(|principal| !by_account(principal) && principal.is(caller))
    }
}

fn entry(kind: &str, text: &str) -> Result<Principal, MalformedPolicy> {
    match kind {
        "AWS" if text == "*" => Ok(Principal::Everybody),
        "AWS" if is_account(text) => Ok(Principal::Account(text.to_owned())),
        "AWS" => {
            // A wildcard inside a principal's ARN is refused by IAM: it would name whoever comes.
            let (account, name) = account_and_name(text).ok_or(MalformedPolicy::Principal)?;
            if text.contains(['*', '?']) {
                return Err(MalformedPolicy::Principal);
            }
            Ok(match name {
                "root" => Principal::Account(account.to_owned()),
                _ => Principal::Arn(text.to_owned()),
            })
        }
        "Service" | "Federated" | "CanonicalUser" => Ok(Principal::Other),
        _ => Err(MalformedPolicy::Principal),
    }
}

/// The account and the rest of the ARN of an identity.
fn account_and_name(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (prefix, _partition) = (parts.next()?, parts.next()?);
    let (service, region) = (parts.next()?, parts.next()?);
    let (account, name) = (parts.next()?, parts.next()?);
    let is_identity = prefix == "arn" && matches!(service, "iam" | "sts") && region.is_empty();
    (is_identity && is_account(account)).then_some((account, name))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

impl Principal {
    fn is(&self, caller: &Caller) -> bool {
        match self {
            Self::Everybody => true,
            Self::Account(account) => {
                caller.kind != CallerKind::Anonymous && caller.account == *account
            }
            Self::Arn(arn) => {
                caller.principal_arn().as_deref() == Some(arn)
                    || caller.session_arn().as_deref() == Some(arn)
            }
            Self::Other => false,
        }
    }
}
