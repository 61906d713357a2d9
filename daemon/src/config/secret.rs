//! Secret access keys: where they come from, and that they are never shown.
//!
//! A secret is written in the configuration itself, or in a file, or in an environment variable;
//! the first is for demonstrations. Does not know what a secret signs.

use std::{fmt, path::Path};

use toml::de::DeValue;

use super::{
    Environment,
    kind::{Kind, Text},
    reader::Table,
};

/// Longer ones are more likely a wrong file than a key; AWS's own have 40 characters.
const SECRET_CHARS_MAX: usize = 128;

/// A secret text. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text, for the one who needs it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A secret written in the configuration.
struct Inline;

impl Kind<Secret> for Inline {
    fn expected(&self) -> String {
        format!("a text of 1 to {SECRET_CHARS_MAX} printable characters")
    }

    fn read(&self, value: &DeValue<'_>) -> Option<Secret> {
        well_formed(value.as_str()?)
    }

    fn is_secret(&self) -> bool {
        true
    }
}

/// Reads the secret of an access key; exactly one of its three keys must be there.
pub(super) fn read(
    table: &mut Table<'_>,
    folder: &Path,
    environment: Environment<'_>,
) -> Option<Secret> {
    let inline = table.optional("secret_access_key", &Inline);
    let file = table.optional("secret_access_key_file", &Text("the path of a file"));
    let variable =
        table.optional("secret_access_key_env", &Text("the name of an environment variable"));
    let keys = ["secret_access_key", "secret_access_key_file", "secret_access_key_env"];
    let given: Vec<_> = keys.into_iter().filter(|key| table.has(key)).collect();
    if given.len() != 1 {
        let which = given.first().copied().unwrap_or("secret_access_key");
        table.report(which, format!("exactly one of {} is expected", keys.join(", ")));
        return None;
    }
    if let Some(file) = file {
        return from_file(table, &folder.join(file));
    }
    if let Some(variable) = variable {
        return from_environment(table, &variable, environment);
    }
    inline
}

fn from_file(table: &Table<'_>, path: &Path) -> Option<Secret> {
    match std::fs::read_to_string(path) {
        Ok(text) => checked(table, "secret_access_key_file", text.trim_end_matches(['\r', '\n'])),
        Err(error) => {
            let message = format!("cannot read {}: {error}", path.display());
            table.report("secret_access_key_file", message);
            None
        }
    }
}

fn from_environment(
    table: &Table<'_>,
    variable: &str,
    environment: Environment<'_>,
) -> Option<Secret> {
    match environment(variable) {
        Some(text) => checked(table, "secret_access_key_env", &text),
        None => {
            let message = format!("the environment has no variable {variable}");
            table.report("secret_access_key_env", message);
            None
        }
    }
}

fn checked(table: &Table<'_>, key: &str, text: &str) -> Option<Secret> {
    let secret = well_formed(text);
    if secret.is_none() {
        table.report(key, format!("what it names must be {}", Inline.expected()));
    }
    secret
}

fn well_formed(text: &str) -> Option<Secret> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    (plain && !text.is_empty() && text.len() <= SECRET_CHARS_MAX).then(|| Secret(text.to_owned()))
}
