//! Secrets: where they come from, and that they are never shown.
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

/// The keys under which a secret is written, or the name of its file or variable.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    inline: &'static str,
    file: &'static str,
    variable: &'static str,
}

/// Those of an access key.
pub(super) const ACCESS_KEY: Keys = Keys {
    inline: "secret_access_key",
    file: "secret_access_key_file",
    variable: "secret_access_key_env",
};

/// Those of what signs messages.
pub(super) const SIGNING: Keys =
    Keys { inline: "secret", file: "secret_file", variable: "secret_env" };

/// Those of what did so before.
pub(super) const FORMER: Keys =
    Keys { inline: "former_secret", file: "former_secret_file", variable: "former_secret_env" };

impl Keys {
    /// Those that the table has.
    pub(super) fn given(self, table: &Table<'_>) -> Vec<&'static str> {
        self.all().into_iter().filter(|key| table.has(key)).collect()
    }

    /// All three.
    pub(super) fn all(self) -> [&'static str; 3] {
        [self.inline, self.file, self.variable]
    }
}

/// Reads a secret that may be missing.
pub(super) fn read_optional(
    table: &mut Table<'_>,
    keys: Keys,
    folder: &Path,
    environment: Environment<'_>,
) -> Option<Secret> {
    if keys.given(table).is_empty() {
        table.know(&keys.all());
        return None;
    }
    read(table, keys, folder, environment)
}

/// Reads a secret; exactly one of its three keys must be there.
pub(super) fn read(
    table: &mut Table<'_>,
    keys: Keys,
    folder: &Path,
    environment: Environment<'_>,
) -> Option<Secret> {
    let inline = table.optional(keys.inline, &Inline);
    let file = table.optional(keys.file, &Text("the path of a file"));
    let variable = table.optional(keys.variable, &Text("the name of an environment variable"));
    let given = keys.given(table);
    if given.len() != 1 {
        let which = given.first().copied().unwrap_or(keys.inline);
        let keys = keys.all();
        table.report(which, format!("exactly one of {} is expected", keys.join(", ")));
        return None;
    }
    if let Some(file) = file {
        return from_file(table, keys.file, &folder.join(file));
    }
    if let Some(variable) = variable {
        return from_environment(table, keys.variable, &variable, environment);
    }
    inline
}

fn from_file(table: &Table<'_>, key: &str, path: &Path) -> Option<Secret> {
    let text = table.read_text(key, table.place_of(key), path)?;
    checked(table, key, text.trim_end_matches(['\r', '\n']))
}

fn from_environment(
    table: &Table<'_>,
    key: &str,
    variable: &str,
    environment: Environment<'_>,
) -> Option<Secret> {
    match environment(variable) {
        Some(text) => checked(table, key, &text),
        None => {
            let message = format!("the environment has no variable {variable}");
            table.report(key, message);
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
