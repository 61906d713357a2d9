//! The DNS settings of the built binary, asked with `dig`.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use serde_json::Value;

use crate::{Gateway, PATIENCE, finish, get, networks, now, plain, postern, quickstart};

const SOA: &str = "$TTL 60\n@ SOA ns m 1 2 3 4 60\n";

/// A configuration without resources, and with these lines at its end.
fn with(folder: &Path, lines: &str) -> std::path::PathBuf {
    let config = plain(folder, "127.0.0.1:0");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}{lines}")).unwrap();
    config
}

/// What `dig +short` says to a client on this address.
fn dig(server: SocketAddr, client: &str, name: &str, rtype: &str) -> String {
    let mut command = Command::new("dig");
    command.args(["+short", "+tries=1", "-b", client, &format!("@{}", server.ip())]);
    command.args(["-p", &server.port().to_string(), name, rtype]);
    let output = finish(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn zone_files_are_served_and_a_faulty_change_keeps_the_zone() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("zones")).unwrap();
    let file = folder.path().join("zones/example.com.zone");
    let write = |records: &str| fs::write(&file, format!("{SOA}{records}")).unwrap();
    write("www A 192.0.2.1\n");
    let zone = "[[dns.zone]]\nname = \"example.com\"\nfile = \"zones/example.com.zone\"\n";
    let gateway = Gateway::start(&with(folder.path(), zone));
    let server = gateway.listening("dns");
    let asked = |name: &str| dig(server, "127.0.0.1", name, "A");
    assert_eq!(asked("www.example.com"), "192.0.2.1");
    write("www A 192.0.2.2\nmail A nonsense\n");
    write("www A 192.0.2.3\n");
    let started = now();
    while asked("www.example.com") != "192.0.2.3" {
        assert!(started.elapsed() < PATIENCE);
    }
    write("www A 192.0.2.4\nmail A nonsense\n");
    let log = folder.path().join("postern.log");
    while !fs::read_to_string(&log).unwrap().contains("zone kept as it was") {
        assert!(started.elapsed() < PATIENCE);
    }
    assert_eq!(asked("www.example.com"), "192.0.2.3");
    assert!(fs::read_to_string(&log).unwrap().contains("example.com.zone:4: the data"));
}

#[test]
fn check_tells_each_fault_of_zone_files_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad"), format!("{SOA}\nx A 1\n")).unwrap();
    let zone = |name: &str, file: &str| {
        format!("[[dns.zone]]\nname = \"{name}\"\nfile = \"{file}\"\nvpcs = []\n")
    };
    let zones = [zone("a.test", "bad"), zone("b.test", "absent")].concat();
    let config = with(folder.path(), &zones);
    for command in ["check", "run"] {
        let output = finish(postern(&[command, "--config", config.to_str().unwrap()]));
        assert!(!output.status.success());
        let message = String::from_utf8(output.stderr).unwrap();
        let folder = folder.path().display();
        let bad = format!("{folder}/bad:4: the data is not what the type wants\n");
        let absent = format!("{folder}/absent: cannot read the zone file: No such file");
        assert!(message.contains(&bad), "{message}");
        assert!(message.contains(&absent), "{message}");
        assert!(message.contains("2 zone files have faults"), "{message}");
    }
}

#[test]
fn what_is_not_ours_is_forwarded_where_the_configuration_says() {
    let (folder, other_folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let zone = "[[dns.zone]]\nname = \"example.com\"\nfile = \"example.com.zone\"\n";
    fs::write(other_folder.path().join("example.com.zone"), format!("{SOA}www A 192.0.2.1\n"))
        .unwrap();
    let other = Gateway::start(&with(other_folder.path(), zone));
    let servers = format!("[dns.forward]\nservers = [\"{}\"]\n", other.listening("dns"));
    let view = "[[dns.view]]\nvpc = \"vpc-00000000000000001\"\nclients = [\"127.71.0.0/16\"]\n\
                forward = { servers = [] }\n";
    let gateway = Gateway::start(&with(folder.path(), &format!("{servers}{view}")));
    let server = gateway.listening("dns");
    assert_eq!(dig(server, "127.0.0.1", "www.example.com", "A"), "192.0.2.1");
    assert_eq!(dig(server, "127.71.0.1", "www.example.com", "A"), "", "this view has no servers");
}

/// What the admin side says.
fn got(gateway: &Gateway, path: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (status, body) = runtime.block_on(get(gateway.listening("admin"), path));
    assert_eq!(status, 200, "{body}");
    body
}

/// What `explain-dns` prints about a gateway.
fn explained(gateway: &Gateway, arguments: &[&str]) -> String {
    let admin = gateway.listening("admin").to_string();
    let output = finish(postern(&[&["explain-dns", "--admin", &admin], arguments].concat()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn one_command_says_why_there_is_no_address() {
    let folder = tempfile::tempdir().unwrap();
    let config = quickstart(folder.path(), 7);
    let gateway = Gateway::start(&config);
    let inside = format!("{}.0.1", networks(7).1);
    let snapshot = got(&gateway, "/snapshot");
    let snapshot: Value = serde_json::from_str(&snapshot).unwrap();
    let endpoint = snapshot["endpoints"].as_object().unwrap().values().next().unwrap();
    let name = endpoint["regional_name"].as_str().unwrap();
    let given = |text: &str| text.lines().filter(|line| line.ends_with(": given")).count();
    let text = explained(&gateway, &[name, "--from", &inside]);
    assert!(text.contains("addresses of the VPC"), "{text}");
    assert!(text.contains("answer: NOERROR, authoritative, records: "), "{text}");
    assert!(text.contains(" Regional name"), "{text}");
    let answer = dig(gateway.listening("dns"), "127.0.0.1", name, "A");
    assert!(given(&text) <= answer.lines().count(), "{text}");
    for address in answer.lines() {
        assert!(text.contains(&format!(" {address}: given")), "{text}");
    }
    // The same by the configuration file, as JSON, and what is not there.
    let path = config.to_str().unwrap();
    let output =
        finish(postern(&["explain-dns", "--config", path, name, "--from", &inside, "--json"]));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["answer"]["code"], &json["steps"][0]["endpoint"]["id"]),
        (&"NOERROR".into(), &endpoint["id"])
    );
    let gone = format!("vpce-00000000000000009{}", &name["vpce-00000000000000009".len()..]);
    let text = explained(&gateway, &[&gone, "--from", "192.0.2.1", "--type", "aaaa"]);
    assert!(text.contains("view: public, because no known VPC has the client's address"), "{text}");
    assert!(text.contains("answer: NXDOMAIN"), "{text}");
    let text = explained(&gateway, &["www.example.com", "--from", "192.0.2.1"]);
    assert!(text.contains("www.example.com.: in no zone of this view: not found"), "{text}");
    assert!(text.contains("answer: REFUSED"), "{text}");
    let admin = gateway.listening("admin").to_string();
    let output =
        finish(postern(&["explain-dns", "--admin", &admin, "x", "--from", "::1", "--type", "Z"]));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message, "postern: the parameter type has no such value: Z\n");
}

#[test]
fn answers_are_counted_per_view_and_result() {
    let folder = tempfile::tempdir().unwrap();
    let view = r#"
[[dns.view]]
vpc = "vpc-00000000000000001"
clients = ["127.71.0.0/16"]
[[dns.zone]]
name = "own.test"
file = "zone"
vpcs = ["vpc-00000000000000001"]
[dns.identity]
nsid = "dns-1"
[dns.rate_limit]
exempt = ["127.0.0.0/24"]
per_second = 1
"#;
    fs::write(folder.path().join("zone"), format!("{SOA}www A 192.0.2.1\n")).unwrap();
    let gateway = Gateway::start(&with(folder.path(), view));
    let server = gateway.listening("dns");
    assert_eq!(dig(server, "127.71.0.1", "www.own.test", "A"), "192.0.2.1");
    assert_eq!(dig(server, "127.71.0.1", "no.own.test", "A"), "");
    assert_eq!(dig(server, "127.0.0.1", "www.own.test", "A"), "");
    // One a second for networks that are not exempt; dig comes back with the cookie it gets.
    for _ in 0..2 {
        assert_eq!(dig(server, "127.72.0.1", "www.own.test", "A"), "");
    }
    let query = |view: &str, result: &str, count: u32| {
        let labels = format!("view=\"{view}\",transport=\"udp\",result=\"{result}\"");
        format!("postern_dns_queries_total{{{labels}}} {count}\n")
    };
    let vpc = "vpc-00000000000000001";
    let expected = [
        query(vpc, "noerror", 1),
        query(vpc, "nxdomain", 1),
        query("public", "refused", 3),
        query("public", "badcookie", 1),
        "postern_dns_rate_limited_total{action=\"badcookie\"} 1\n".to_owned(),
        "postern_dns_answer_seconds_bucket{transport=\"udp\",le=\"0.000005\"}".to_owned(),
        "postern_dns_snapshot_age_seconds ".to_owned(),
        "postern_dns_build_seconds_count".to_owned(),
    ];
    let started = now();
    loop {
        let numbers = got(&gateway, "/metrics");
        if expected.iter().all(|line| numbers.contains(line)) {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{numbers}");
    }
}

#[cfg(feature = "dot")]
#[test]
fn dns_over_tls_has_the_apis_certificate_and_takes_its_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let renew = |name: &str| {
        let pair = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        fs::write(folder.path().join("key.pem"), pair.signing_key.serialize_pem()).unwrap();
        fs::write(folder.path().join("cert.pem"), pair.cert.pem()).unwrap();
    };
    renew("one.test");
    #[expect(clippy::disallowed_methods, reason = "to find a port that is free")]
    let addr = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fs::write(folder.path().join("zone"), format!("{SOA}www A 192.0.2.1\n")).unwrap();
    let lines = format!(
        "[[dns.zone]]\nname = \"example.com\"\nfile = \"zone\"\n\
         [dns.tls]\nlisten = \"{addr}\"\n\
         [api.tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n"
    );
    let _gateway = Gateway::start(&with(folder.path(), &lines));
    let asked = |name: &str| {
        let mut command = Command::new("kdig");
        command.args([&format!("@{}", addr.ip()), "-p", &addr.port().to_string()]);
        command.arg(format!("+tls-ca={}", folder.path().join("cert.pem").display()));
        command.arg(format!("+tls-hostname={name}")).args(["+short", "+retry=0"]);
        let output = finish({
            command.args(["www.example.com", "A"]);
            command
        });
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(asked("one.test"), "192.0.2.1");
    renew("two.test");
    let started = now();
    while asked("two.test") != "192.0.2.1" {
        assert!(started.elapsed() < PATIENCE);
    }
}
