//! The DNS settings of the built binary, asked with `dig`.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use crate::{Gateway, PATIENCE, finish, now, plain, postern};

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
