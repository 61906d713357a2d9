//! Users, groups and roles of an account, and their policies: from the text or from files.
//!
//! Groups exist here only: their policies become those of their users. Relies on `control` for what
//! a policy is. Does not know what any policy permits.

use std::{collections::BTreeSet, path::Path, str::FromStr, sync::Arc, time::Duration};

use control::{MalformedPolicy, Policy, PolicyKind};

use super::{
    Environment, Role, User,
    account::read_key,
    kind::{Parsed, Span, Text},
    reader::{Place, Placed, Table},
};

/// Longest name of a user, group or role (IAM quotas).
const NAME_CHARS_MAX: usize = 64;
/// What AWS gives a role that says nothing.
const SESSION_DEFAULT: Duration = Duration::from_secs(3600);

const NAME: Parsed = Parsed("a name of 1 to 64 letters, digits and +=,.@_-");
const JSON: Text = Text("the JSON text of a policy");
const FILE: Text = Text("the path of a file");

/// Reads the users and roles of an account.
pub(super) fn read(
    account: &mut Table<'_>,
    key_ids: &mut BTreeSet<String>,
    folder: &Path,
    environment: Environment<'_>,
) -> (Vec<User>, Vec<Role>) {
    let groups = read_groups(account, folder);
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for mut table in account.tables("users") {
        let name = name(&mut table, &mut names);
        let mut keys = Vec::new();
        for mut key in table.tables("keys") {
            keys.extend(read_key(&mut key, key_ids, folder, environment));
            key.finish();
        }
        let mut policies = policies(&mut table, folder);
        policies.extend(memberships(&mut table, &groups));
        table.finish();
        users.extend(name.map(|name| User { name, keys, policies }));
    }
    let mut names = BTreeSet::new();
    for mut table in account.tables("roles") {
        let name = name(&mut table, &mut names);
        let trust_policy = trust_policy(&mut table, folder);
        let policies = policies(&mut table, folder);
        let span = Span { min: "1h", max: "12h" };
        let max = table.optional("max_session_duration", &span);
        table.finish();
        roles.extend(name.zip(trust_policy).map(|(name, trust_policy)| Role {
            name,
            trust_policy,
            policies,
            max_session_duration: max.unwrap_or(SESSION_DEFAULT),
        }));
    }
    (users, roles)
}

/// A group: its name, and its policies.
struct Group {
    name: String,
    policies: Vec<Arc<Policy>>,
}

fn read_groups(account: &mut Table<'_>, folder: &Path) -> Vec<Group> {
    let mut names = BTreeSet::new();
    let mut groups = Vec::new();
    for mut table in account.tables("groups") {
        let name = name(&mut table, &mut names);
        let policies = policies(&mut table, folder);
        table.finish();
        groups.extend(name.map(|name| Group { name, policies }));
    }
    groups
}

/// The policies of the groups that a user says it is in.
fn memberships(user: &mut Table<'_>, groups: &[Group]) -> Vec<Arc<Policy>> {
    let mut policies = Vec::new();
    for Placed { value, place } in user.list("groups", &Text("the name of a group")) {
        match groups.iter().find(|group| group.name == value) {
            Some(group) => policies.extend(group.policies.iter().cloned()),
            None => {
                let known: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let path = user.path_of("groups");
                let message =
                    format!("`{path}`: expected the name of a group: {known}, found {value:?}");
                user.report_place(place, message);
            }
        }
    }
    policies
}

/// A name that no other of its kind has; IAM's names differ by more than case.
fn name(table: &mut Table<'_>, taken: &mut BTreeSet<String>) -> Option<String> {
    let Name(name) = table.required("name", &NAME)?;
    if !taken.insert(name.to_ascii_lowercase()) {
        table.report("name", "another one of this account has this name");
    }
    Some(name)
}

struct Name(String);

impl FromStr for Name {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
        let fits = (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

/// Reads `policies`, which are texts, and `policy_files`.
fn policies(table: &mut Table<'_>, folder: &Path) -> Vec<Arc<Policy>> {
    let mut policies = Vec::new();
    for Placed { value, place } in table.list("policies", &JSON) {
        policies.extend(parse(table, "policies", place, &value, PolicyKind::Identity));
    }
    for Placed { value, place } in table.list("policy_files", &FILE) {
        let text = table.read_text("policy_files", place, &folder.join(value));
        let policy =
            text.and_then(|text| parse(table, "policy_files", place, &text, PolicyKind::Identity));
        policies.extend(policy);
    }
    policies
}

/// Reads the trust policy of a role; exactly one of its two keys must be there.
fn trust_policy(table: &mut Table<'_>, folder: &Path) -> Option<Arc<Policy>> {
    let inline = table.optional("trust_policy", &JSON);
    let file = table.optional("trust_policy_file", &FILE);
    if table.has("trust_policy") == table.has("trust_policy_file") {
        let message = "exactly one of trust_policy, trust_policy_file is expected";
        table.report("trust_policy", message);
        return None;
    }
    let (key, text) = match (inline, file) {
        (Some(text), _) => ("trust_policy", text),
        (None, Some(file)) => {
            let (key, path) = ("trust_policy_file", folder.join(file));
            (key, table.read_text(key, table.place_of(key), &path)?)
        }
        (None, None) => return None,
    };
    parse(table, key, table.place_of(key), &text, PolicyKind::Trust)
}

fn parse(
    table: &Table<'_>,
    key: &str,
    place: Place,
    text: &str,
    kind: PolicyKind,
) -> Option<Arc<Policy>> {
    match Policy::parse(text, kind) {
        Ok(policy) => Some(Arc::new(policy)),
        Err(malformed) => {
            let key = table.path_of(key);
            let syntax = match malformed {
                MalformedPolicy::Json => serde_json::from_str::<serde_json::Value>(text).err(),
                _ => None,
            };
            let syntax = syntax.map_or_else(String::new, |error| format!(": {error}"));
            table.report_place(place, format!("`{key}`: {malformed}{syntax}"));
            None
        }
    }
}
