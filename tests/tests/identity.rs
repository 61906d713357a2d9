//! Identities that change while the gateway runs: seen by the AWS CLI and by signed calls.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, time::Duration};

use tempfile::TempDir;
use tests::{Key, Postern, postern::PROVIDER, wait_until};

const PATIENCE: Duration = Duration::from_secs(20);
const TENANT: Key = Key { account: "444444444444", id: "tenant", secret: "tenant-secret" };
const ALICE: Key = Key { account: "444444444444", id: "alice", secret: "alice-secret" };

fn user(key: Key, policy: &str) -> String {
    format!(
        "[[users]]\nname = \"{0}\"\nkeys = [{{ access_key_id = \"{0}\", secret_access_key = \
         \"{1}\" }}]\npolicy_files = [\"{policy}\"]\n",
        key.id, key.secret
    )
}

fn policy(folder: &Path, action: &str) {
    let statement = format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#);
    fs::write(folder.join("p.json"), format!(r#"{{"Statement":{statement}}}"#)).unwrap();
}

#[test]
fn identities_are_read_again_when_a_file_changes_and_on_sighup() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("tenant.toml");
    policy(folder.path(), "ec2:Describe*");
    let root = format!(
        "keys = [{{ access_key_id = \"{}\", secret_access_key = \"{}\" }}]\n",
        TENANT.id, TENANT.secret
    );
    let whole = format!("{root}{}", user(ALICE, "p.json"));
    fs::write(&file, &whole).unwrap();
    let account =
        format!("[[accounts]]\nid = \"{}\"\nidentity = \"{}\"\n", TENANT.account, file.display());
    let postern = Postern::start_with(&account);
    let code = |key: Key, action: &str, members: &[(&str, &str)]| {
        postern.api(key).ec2(action, members).map_or_else(|error| error.code, |_| "OK".to_owned())
    };
    let vpcs = |key| code(key, "DescribeVpcs", &[]);
    let create = || code(ALICE, "CreateVpc", &[("CidrBlock", "10.0.0.0/16")]);
    assert_eq!([vpcs(TENANT), vpcs(ALICE), create()], ["OK", "OK", "UnauthorizedOperation"]);

    // A policy in a file of its own.
    policy(folder.path(), "ec2:*");
    wait_until(PATIENCE, "the new policy", || create() == "OK");

    // A mistake anywhere leaves everybody as they were, and says where it is.
    let well = || postern.metric("postern_last_reload_successful", &["identities"]);
    fs::write(&file, format!("{root}[[users]]\nname = \"a b\"\nkeys = 1\n")).unwrap();
    wait_until(PATIENCE, "the failure to be shown", || well() < 0.5);
    for line in [3, 4] {
        let place = format!("{}:{line}: ", file.display());
        assert!(postern.log().contains(&place), "{place}");
    }
    assert_eq!([vpcs(TENANT), vpcs(ALICE)], ["OK", "OK"]);

    // Who is removed is refused from then on; the CLI sees it as it would with AWS.
    fs::write(&file, &root).unwrap();
    postern.hang_up();
    wait_until(PATIENCE, "the user to be gone", || vpcs(ALICE) == "AuthFailure");
    assert_eq!(vpcs(TENANT), "OK");
    assert!(well() > 0.5);
    let gone = postern.aws(ALICE).try_run("sts get-caller-identity").unwrap_err();
    assert_eq!(gone.code, "InvalidClientTokenId");

    // So is an account that comes and goes with the configuration itself.
    let configuration = fs::read_to_string(postern.config_path()).unwrap();
    fs::write(postern.config_path(), configuration.replace(&account, "")).unwrap();
    wait_until(PATIENCE, "the account to be gone", || vpcs(TENANT) == "AuthFailure");
    assert_eq!(vpcs(PROVIDER), "OK");
    fs::write(&file, &whole).unwrap();
    fs::write(postern.config_path(), configuration).unwrap();
    wait_until(PATIENCE, "the account to be back", || vpcs(TENANT) == "OK");
    assert_eq!(vpcs(ALICE), "OK");
}
