//! The accounts: their keys, users and roles, in the configuration itself or in a file for each.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use model::AccountId;

use super::{
    AccessKey, Account, Environment, Role, User, identity,
    kind::{Parsed, Text},
    reader::Table,
    secret,
};

/// What an account's identities are made of, wherever they are written.
const PARTS: [&str; 4] = ["keys", "users", "groups", "roles"];

/// Reads the list of accounts.
pub(super) fn read(
    root: &mut Table<'_>,
    folder: &Path,
    environment: Environment<'_>,
) -> Vec<Account> {
    if !root.has("accounts") {
        root.report("accounts", "missing; expected at least one [[accounts]] with id and keys");
    }
    let (mut ids, mut key_ids) = (BTreeSet::new(), BTreeSet::new());
    let mut files = BTreeSet::new();
    let mut accounts = Vec::new();
    for mut table in root.tables("accounts") {
        let id: Option<AccountId> = table.required("id", &Parsed("twelve digits"));
        if let Some(id) = &id
            && !ids.insert(id.clone())
        {
            table.report("id", "another account has this id");
        }
        let name = table.optional("name", &Text("a name")).unwrap_or_default();
        let file =
            table.optional("identity", &Text("the path of a file")).map(|it| folder.join(it));
        let identities = match file {
            Some(file) => from_file(&mut table, file, &mut files, &mut key_ids, environment),
            None => Some(Identities::read(&mut table, &mut key_ids, folder, environment)),
        };
        table.finish();
        let known = id.zip(identities);
        accounts.extend(known.map(|(id, Identities { keys, users, roles })| Account {
            id,
            name,
            keys,
            users,
            roles,
        }));
    }
    accounts
}

/// Whom an account has.
struct Identities {
    keys: Vec<AccessKey>,
    users: Vec<User>,
    roles: Vec<Role>,
}

impl Identities {
    fn read(
        table: &mut Table<'_>,
        key_ids: &mut BTreeSet<String>,
        folder: &Path,
        environment: Environment<'_>,
    ) -> Self {
        let mut keys = Vec::new();
        for mut key in table.tables("keys") {
            keys.extend(read_key(&mut key, key_ids, folder, environment));
            key.finish();
        }
        let (users, roles) = identity::read(table, key_ids, folder, environment);
        Self { keys, users, roles }
    }
}

/// Reads an account's own file, which has all of its identities. Paths in it are relative to it.
fn from_file(
    table: &mut Table<'_>,
    file: PathBuf,
    taken: &mut BTreeSet<PathBuf>,
    key_ids: &mut BTreeSet<String>,
    environment: Environment<'_>,
) -> Option<Identities> {
    table.know(&PARTS);
    for part in PARTS.iter().filter(|part| table.has(part)) {
        table.report(part, "the account's identities are in the file that `identity` names");
    }
    if !taken.insert(file.clone()) {
        table.report("identity", "another account has this file");
        return None;
    }
    let folder = file.parent().unwrap_or_else(|| Path::new("")).to_owned();
    table.read_document("identity", &file, |mut root| {
        let identities = Identities::read(&mut root, key_ids, &folder, environment);
        root.finish();
        identities
    })
}

pub(super) fn read_key(
    table: &mut Table<'_>,
    taken: &mut BTreeSet<String>,
    folder: &Path,
    environment: Environment<'_>,
) -> Option<AccessKey> {
    let id = table.required("access_key_id", &Parsed(KeyId::EXPECTED));
    let id = id.map(|KeyId(id)| id);
    if let Some(id) = &id
        && !taken.insert(id.clone())
    {
        table.report("access_key_id", "another access key has this id");
    }
    let secret = secret::read(table, secret::ACCESS_KEY, folder, environment);
    Some(AccessKey { id: id?, secret: secret?, is_shown: table.has("secret_access_key") })
}

/// An access key id: it stands between slashes in each request's credential.
pub(super) struct KeyId(pub(super) String);

impl KeyId {
    /// What such an id looks like.
    pub(super) const EXPECTED: &str = "1 to 128 letters, digits, - and _";
}

impl std::str::FromStr for KeyId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let fits = !text.is_empty() && text.len() <= 128 && text.bytes().all(plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}
