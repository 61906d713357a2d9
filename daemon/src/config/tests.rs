//! Every kind of mistake, with its line and its words.

use super::{read::parse, reader::Mistake, *};

/// Line 1 is `region`.
const WHOLE: &str = r#"region = "us-east-1"
state_dir = "var"

[listen]
api = "127.0.0.1:4600"
dns = "127.0.0.1:5300"
admin = "127.0.0.1:0"

[[zones]]
name = "us-east-1a"
id = "use1-az1"

[[accounts]]
id = "111111111111"
name = "provider"
keys = [{ access_key_id = "provider", secret_access_key = "quiet" }]

[bootstrap]
[[bootstrap.vpcs]]
key = "p"
account = "111111111111"
cidr = "10.0.0.0/16"
[[bootstrap.subnets]]
key = "pa"
vpc = "p"
zone = "us-east-1a"
cidr = "10.0.1.0/24"
[[bootstrap.target_groups]]
name = "g"
vpc = "p"
port = 80
targets = [{ address = "10.0.1.9:80", zone = "us-east-1a" }]
[[bootstrap.load_balancers]]
name = "nlb"
subnets = ["pa"]
listeners = [{ port = 80, target_group = "g" }]
[[bootstrap.services]]
key = "s"
load_balancers = ["nlb"]
[[bootstrap.endpoints]]
key = "e"
vpc = "p"
service = "s"
interfaces = [{ subnet = "pa", ipv4 = "10.0.1.10" }]
"#;

fn environment(name: &str) -> Option<String> {
    (name == "SECRET").then(|| "from the environment".replace(' ', "-"))
}

fn mistakes(text: &str) -> Vec<String> {
    let found = parse(text, Path::new("/nowhere"), &environment).unwrap_err();
    found.into_iter().map(|Mistake { line, message }| format!("{line}: {message}")).collect()
}

#[test]
fn a_whole_configuration_is_read() {
    let config = parse(WHOLE, Path::new("/etc/postern"), &environment).unwrap();
    assert_eq!(config.region.as_str(), "us-east-1");
    assert_eq!(config.state_dir, Path::new("/etc/postern/var"));
    assert_eq!(config.addresses, Addresses::AsIs);
    assert_eq!(config.listen.dns.port(), 5300);
    assert_eq!(config.acceptance_timeout, Duration::from_secs(7 * 24 * 3600));
    assert_eq!(config.accounts[0].keys[0].secret.reveal(), "quiet");
    assert!(!format!("{config:?}").contains("quiet"));
    assert_eq!(config.bootstrap.load_balancers[0].listeners[0].target_group, "g");
    assert!(config.bootstrap.services[0].acceptance_required);
    assert_eq!(config.bootstrap.endpoints[0].interfaces[0].ipv4, "10.0.1.10".parse().ok());
}

/// What is replaced in the whole configuration, by what, and the only complaint about it.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "\"us-east-1\"\n",
        "\"US\"\n",
        "1: `region`: expected a Region name such as \"us-east-1\", found \"US\"",
    ),
    (
        "\"us-east-1\"\n",
        "1\n",
        "1: `region`: expected a Region name such as \"us-east-1\", found 1",
    ),
    ("state_dir = \"var\"", "", "1: `state_dir`: missing; expected the path of a folder"),
    (
        "state_dir",
        "addresses = \"any\"\nstate_dir",
        "2: `addresses`: expected \"as-is\" or \"freebind\", found \"any\"",
    ),
    (
        "state_dir",
        "color = 1\nstate_dir",
        "2: `color`: unknown key; allowed here: region, state_dir, addresses, listen, zones, accounts, acceptance_timeout, drain_timeout, dataplane, dns, log, summary, demo_targets, bootstrap",
    ),
    (
        "state_dir",
        "acceptance_timeout = \"7 days\"\nstate_dir",
        "2: `acceptance_timeout`: expected a length of time from \"1s\" to \"365d\" (units ms, s, m, h, d), found \"7 days\"",
    ),
    (
        "state_dir",
        "dataplane = { workers = 0 }\nstate_dir",
        "2: `dataplane.workers`: expected a whole number from 1 to 256, found 0",
    ),
    (
        "state_dir",
        "dataplane = { workers = -1 }\nstate_dir",
        "2: `dataplane.workers`: expected a whole number from 1 to 256, found -1",
    ),
    ("state_dir", "dataplane = 5\nstate_dir", "2: `dataplane`: expected a table, found 5"),
    (
        "state_dir",
        "log = { level = \"loud=very\" }\nstate_dir",
        "2: `log.level`: expected off, error, warn, info, debug, trace, or target=level pairs with commas between",
    ),
    (
        "\"127.0.0.1:4600\"",
        "\"localhost\"",
        "5: `listen.api`: expected an address and port such as \"127.0.0.1:4600\", found \"localhost\"",
    ),
    (
        "127.0.0.1:5300",
        "127.0.0.1:4600",
        "6: `listen.dns`: 127.0.0.1:4600 is taken by another entry of this table",
    ),
    (
        "admin =",
        "adnim =",
        "4: `listen.admin`: missing; expected an address and port such as \"127.0.0.1:4600\"\n7: `listen.adnim`: unknown key; allowed here: api, dns, admin",
    ),
    (
        "[[accounts]]",
        "[[zones]]\nname = \"us-east-1a\"\nid = \"use1-az2\"\n[[accounts]]",
        "14: `zones[1].name`: another zone has this name",
    ),
    (
        "\"111111111111\"\nname",
        "\"1111\"\nname",
        "14: `accounts[0].id`: expected twelve digits, found \"1111\"\n21: `bootstrap.vpcs[0].account`: expected the name of an account: 1111, found \"111111111111\"",
    ),
    (
        "\"quiet\"",
        "7",
        "16: `accounts[0].keys[0].secret_access_key`: expected a text of 1 to 128 printable characters",
    ),
    (
        "secret_access_key = \"quiet\"",
        "",
        "16: `accounts[0].keys[0].secret_access_key`: exactly one of secret_access_key, secret_access_key_file, secret_access_key_env is expected",
    ),
    (
        "secret_access_key = \"quiet\"",
        "secret_access_key_env = \"NONE\"",
        "16: `accounts[0].keys[0].secret_access_key_env`: the environment has no variable NONE",
    ),
    (
        "secret_access_key = \"quiet\"",
        "secret_access_key_file = \"none\"",
        "16: `accounts[0].keys[0].secret_access_key_file`: cannot read /nowhere/none: No such file or directory (os error 2)",
    ),
    (
        "zone = \"us-east-1a\"\ncidr",
        "zone = \"us-east-1z\"\ncidr",
        "26: `bootstrap.subnets[0].zone`: expected the name of a zone: us-east-1a, found \"us-east-1z\"",
    ),
    (
        "\"10.0.1.0/24\"",
        "\"10.1.0.0/24\"",
        "27: `bootstrap.subnets[0].cidr`: expected a part of 10.0.0.0/16, the network of VPC p\n44: `bootstrap.endpoints[0].interfaces[0].ipv4`: expected an address of 10.1.0.0/24, subnet pa",
    ),
    (
        "port = 80\ntargets",
        "port = 65536\ntargets",
        "31: `bootstrap.target_groups[0].port`: expected a whole number from 1 to 65535, found 65536",
    ),
    (
        "service = \"s\"",
        "service = \"t\"",
        "43: `bootstrap.endpoints[0].service`: expected the name of a service: s, found \"t\"",
    ),
    (
        "interfaces = [{ subnet = \"pa\"",
        "interfaces = [3, { subnet = \"pa\"",
        "44: `bootstrap.endpoints[0].interfaces[0]`: expected a table, found 3",
    ),
    (
        "name = \"us-east-1a\"",
        "name = us-east-1a",
        "10: string values must be quoted, expected literal string",
    ),
];

#[test]
fn each_mistake_is_reported_with_its_line_and_what_is_allowed() {
    for (old, new, expected) in MISTAKES {
        assert!(WHOLE.contains(old), "{old}");
        let found = mistakes(&WHOLE.replacen(old, new, 1)).join("\n");
        assert_eq!(&found, expected, "{old} -> {new}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let text = WHOLE.replace("10.0.0.0/16", "ten").replace("as-is", "").replace("var", "");
    let text = format!("{text}\n[log]\nformat = \"xml\"\n[extra]\n");
    let found = mistakes(&text);
    assert_eq!(found.len(), 4, "{found:#?}");
    let lines: Vec<_> = found.iter().map(|m| m.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["2", "22", "47", "48"]);
}

#[test]
fn an_empty_file_lacks_everything() {
    let found = mistakes("");
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn secrets_come_from_files_and_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "from-a-file\n").unwrap();
    for (source, expected) in [
        ("secret_access_key_file = \"key\"", "from-a-file"),
        ("secret_access_key_env = \"SECRET\"", "from-the-environment"),
    ] {
        let text = WHOLE.replace("secret_access_key = \"quiet\"", source);
        let config = parse(&text, folder.path(), &environment).unwrap();
        assert_eq!(config.accounts[0].keys[0].secret.reveal(), expected);
    }
}
