//! Accounts with a file of their own.

use super::*;

const ACCOUNT: &str = r#"
keys = [{ access_key_id = "root", secret_access_key_file = "key" }]
groups = [{ name = "g", policy_files = ["p.json"] }]
users = [{ name = "alice", groups = ["g"] }]
"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.0.path().join("accounts")).unwrap();
        let policy = r#"{"Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}"#;
        for (name, text) in [("key", "secret\n"), ("p.json", policy), ("a.toml", ACCOUNT)] {
            folder.write(name, text);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join("accounts").join(name), text).unwrap();
    }

    /// A configuration whose accounts say this.
    fn load(&self, accounts: &str) -> Loaded {
        let (head, rest) = WHOLE.split_once("name = \"provider\"\n").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        let path = self.0.path().join("postern.toml");
        std::fs::write(&path, format!("{head}{accounts}\n{rest}")).unwrap();
        load(&path, &environment)
    }

    fn mistakes(&self, accounts: &str) -> String {
        let error = self.load(accounts).config.unwrap_err().to_string();
        error.replace(&format!("{}/", self.0.path().display()), "")
    }
}

const NAMED: &str = "identity = \"accounts/a.toml\"";

#[test]
fn paths_in_the_file_of_an_account_are_relative_to_it() {
    let folder = Folder::new();
    let Loaded { config, files } = folder.load(NAMED);
    let account = &config.unwrap().accounts[0];
    assert_eq!(account.keys[0].secret.reveal(), "secret");
    assert_eq!((account.users[0].name.as_str(), account.users[0].policies.len()), ("alice", 1));
    // Each of them is followed.
    let followed = |name: &str| files.contains(&Version::of(&folder.0.path().join(name)));
    for name in ["postern.toml", "accounts/a.toml", "accounts/key", "accounts/p.json"] {
        assert!(followed(name), "{name} in {files:?}");
    }
}

#[test]
fn mistakes_in_the_files_of_accounts_have_their_name_and_line() {
    let folder = Folder::new();
    let both = format!("{NAMED}\nusers = []\nregion = 1");
    assert_eq!(
        folder.mistakes(&both),
        "postern.toml:16: `accounts[0].users`: the account's identities are in the file that \
         `identity` names\n\
         postern.toml:17: `accounts[0].region`: unknown key; allowed here: id, name, identity, \
         keys, users, groups, roles\n\
         postern.toml has 2 mistakes"
    );
    let other = "[[accounts]]\nid = \"222222222222\"";
    let twice = folder.mistakes(&format!("{NAMED}\n{other}\n{NAMED}"));
    assert!(twice.starts_with("postern.toml:18: `accounts[1].identity`: another account has this"));
    let key = "keys = [{ access_key_id = \"root\", secret_access_key = \"s\" }]";
    let twice = folder.mistakes(&format!("{key}\n{other}\n{NAMED}"));
    assert!(twice.starts_with("accounts/a.toml:2: `keys[0].access_key_id`: another access key"));
    folder.write("p.json", "{");
    folder.write("a.toml", &format!("{ACCOUNT}id = \"1\"\n"));
    let found = folder.mistakes(NAMED);
    let lines: Vec<_> = found.lines().collect();
    assert!(lines[0].starts_with("accounts/a.toml:3: `groups[0].policy_files`: "), "{found}");
    assert!(lines[1].starts_with("accounts/a.toml:5: `id`: unknown key; allowed here: keys, "));
    assert_eq!(lines.len(), 3, "{found}");
    folder.write("a.toml", "users = [\n");
    assert!(folder.mistakes(NAMED).starts_with("accounts/a.toml:"));
    let missing = folder.mistakes("identity = \"none.toml\"");
    assert!(missing.starts_with("postern.toml:15: `accounts[0].identity`: cannot read none.toml"));
}
