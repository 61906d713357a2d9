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

/// What is replaced in the whole configuration (`-`), by what (`+`), and every complaint (`!`).
const MISTAKES: &str = include_str!("tests/mistakes.txt");

#[test]
fn each_mistake_is_reported_with_its_line_and_what_is_allowed() {
    let mut cases = 0;
    for case in MISTAKES.split("\n\n") {
        let lines = |mark: &str| -> Vec<_> {
            case.lines().filter_map(|line| line.strip_prefix(mark)).collect()
        };
        let (old, new) = (lines("- ").join("\n"), lines("+ ").join("\n"));
        assert!(WHOLE.contains(&old), "{old}");
        assert_eq!(mistakes(&WHOLE.replacen(&old, &new, 1)), lines("! "), "{case}");
        cases += 1;
    }
    assert_eq!(cases, 28);
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
fn a_syntax_error_is_not_followed_by_nonsense() {
    let found = mistakes(&WHOLE.replace("\"quiet\" }]", "\"quiet\""));
    assert!(found.len() <= 5, "{found:#?}");
    assert!(found[0].starts_with("18: "), "{found:#?}");
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
