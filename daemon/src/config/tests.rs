//! Every kind of mistake, with its line and its words.

use super::{reader::Mistake, *};

mod files;

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

fn parse(text: &str, folder: &Path, environment: Environment<'_>) -> Result<Config, Vec<Mistake>> {
    super::parse(text, folder, environment).0
}

fn mistakes(text: &str) -> Vec<String> {
    let found = parse(text, Path::new("/nowhere"), &environment).unwrap_err();
    found.into_iter().map(|Mistake { line, message, .. }| format!("{line}: {message}")).collect()
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
        let mut expected = lines("! ");
        // What a build leaves out is a mistake in that build alone.
        expected.retain(|it| !cfg!(feature = "dot") || !it.ends_with("--features dot"));
        assert_eq!(mistakes(&WHOLE.replacen(&old, &new, 1)), expected, "{case}");
        cases += 1;
    }
    assert!(cases > 30, "{cases}");
}

#[test]
fn users_have_their_own_policies_and_those_of_their_groups() {
    let folder = tempfile::tempdir().unwrap();
    let policy = r#"{"Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}"#;
    std::fs::write(folder.path().join("p.json"), policy).unwrap();
    let text = WHOLE.replace(
        "\n[bootstrap]",
        &format!(
            r#"
[[accounts.groups]]
name = "operators"
policies = ['{policy}', '{policy}']
[[accounts.users]]
name = "alice"
keys = [{{ access_key_id = "alice", secret_access_key = "quiet" }}]
groups = ["operators"]
policy_files = ["p.json"]
[[accounts.roles]]
name = "deploy"
trust_policy = """{{"Statement": {{
    "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {{"AWS": "222222222222"}}
}}}}"""
policies = ['{policy}']
max_session_duration = "2h"
[bootstrap]"#
        ),
    );
    let config = parse(&text, folder.path(), &environment).unwrap();
    let account = &config.accounts[0];
    assert_eq!((&*account.users[0].name, account.users[0].policies.len()), ("alice", 3));
    assert_eq!(account.users[0].keys[0].id, "alice");
    assert_eq!((&*account.roles[0].name, account.roles[0].policies.len()), ("deploy", 1));
    assert_eq!(account.roles[0].max_session_duration, Duration::from_secs(7200));
}

#[test]
fn the_audit_log_moves_with_the_state_folder() {
    let mut config = parse(WHOLE, Path::new("/etc"), &environment).unwrap();
    config.move_state("/elsewhere".into());
    assert_eq!(config.audit.unwrap().file, Path::new("/elsewhere/audit.jsonl"));
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

#[test]
fn the_zone_files_of_dns_are_read_and_no_two_are_for_one_name_and_network() {
    let zone = |name: &str, vpcs: &str| {
        format!("[[dns.zone]]\nname = \"{name}\"\nfile = \"zones/{name}\"\nvpcs = [{vpcs}]\n")
    };
    let (one, two) = ("\"vpc-00000000000000001\"", "\"vpc-00000000000000002\"");
    let sound = [zone("a.test", one), zone("a.test", two), zone("a.test", "")].concat();
    let config = parse(&format!("{WHOLE}{sound}"), Path::new("/etc"), &environment).unwrap();
    let files: Vec<_> = config.dns.zones.iter().map(|zone| zone.file.as_path()).collect();
    assert_eq!(files, [Path::new("/etc/zones/a.test"); 3]);
    let faulty = [sound, zone("A.test.", one), zone("a..b", "3")].concat();
    let found = mistakes(&format!("{WHOLE}{faulty}"));
    let line = WHOLE.lines().count() + 4 * 3 + 2;
    let vpc = "expected a VPC's id such as \"vpc-0123456789abcdef0\", found 3";
    let name = "expected a domain name such as \"example.com\", found \"a..b\"";
    let twice = "another zone for vpc-00000000000000001 has this name";
    assert_eq!(
        found,
        [
            format!("{line}: `dns.zone[3].name`: {twice}"),
            format!("{}: `dns.zone[4].name`: {name}", line + 4),
            format!("{}: `dns.zone[4].vpcs[0]`: {vpc}", line + 6),
        ]
    );
}

#[test]
fn views_of_dns_say_how_clients_are_told() {
    let view = |vpc: &str, rest: &str| format!("[[dns.view]]\nvpc = \"vpc-{vpc:0>17}\"\n{rest}\n");
    let sound = [
        view("1", "clients = [\"192.168.7.1/24\", \"fd00::/64\"]"),
        view("2", "listen = \"127.0.0.2:53\""),
    ];
    let sound = sound.concat();
    let config = parse(&format!("{WHOLE}{sound}"), Path::new(""), &environment).unwrap();
    assert_eq!(config.dns.networks[0].clients[0].to_string(), "192.168.7.0/24");
    assert_eq!(config.dns.networks[1].listen, "127.0.0.2:53".parse().ok());
    let faulty = [view("2", "clients = [\"192.168.7.0/24\"]"), view("3", "")].concat();
    let line = WHOLE.lines().count() + 8;
    assert_eq!(
        mistakes(&format!("{WHOLE}{sound}{faulty}")),
        [
            format!("{line}: `dns.view[2].vpc`: another view is this VPC's"),
            format!("{}: `dns.view`: 192.168.7.0/24 is given twice", line + 1),
            format!(
                "{}: `dns.view[3].vpc`: a view needs clients, listen, forward or private_names",
                line + 3
            ),
        ]
    );
}

#[test]
fn forwarding_of_dns_has_servers_and_rules_for_all_and_for_views() {
    let text = "[dns.forward]\nservers = [\"192.0.2.53\", \"[::1]:5353\"]\n\
                [[dns.forward.rule]]\ndomain = \"a.test\"\nservers = [\"192.0.2.1\"]\n\
                [[dns.view]]\nvpc = \"vpc-00000000000000001\"\nforward = { servers = [] }\n";
    let config = parse(&format!("{WHOLE}{text}"), Path::new(""), &environment).unwrap();
    let forward = config.dns.forward.unwrap();
    assert_eq!(forward.servers, ["192.0.2.53:53", "[::1]:5353"].map(|it| it.parse().unwrap()));
    assert_eq!(forward.rules[0].domain.to_string(), "a.test.");
    assert_eq!(config.dns.verification, forward.servers, "unless it says otherwise");
    let other = format!("{WHOLE}{text}[dns.verification]\nservers = [\"192.0.2.9\"]\n");
    let other = parse(&other, Path::new(""), &environment).unwrap();
    assert_eq!(other.dns.verification, ["192.0.2.9:53".parse().unwrap()]);
    assert_eq!(config.dns.networks[0].forward, Some(::dns::Forward::default()));
    let again = "[[dns.forward.rule]]\ndomain = \"A.test\"\nservers = [\"here\"]\n[[dns.view]]";
    let found = mistakes(&format!("{WHOLE}{}", text.replace("[[dns.view]]", again)));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].ends_with("`dns.forward.rule[1].domain`: another rule is about this domain"));
    assert!(found[1].contains("`dns.forward.rule[1].servers[0]`: expected an address such as"));
}
