//! Zone files on disk, as an operator edits them.

use std::{fs, path::Path};

use dns::{LoadError, ZoneFile, ZoneFiles};

use crate::rig::{Running, ask_from, client, endpoint, name, question, snapshot, wait_until};

const SOA: &str = "$TTL 60\n@ SOA ns m 1 2 3 4 60\n";

fn files(directory: &Path, names: &[&str]) -> Result<ZoneFiles, Vec<LoadError>> {
    let zone = |name: &&str| ZoneFile {
        name: name.parse().unwrap(),
        file: directory.join(format!("{name}.zone")),
        vpcs: Vec::new(),
    };
    ZoneFiles::load(names.iter().map(zone).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_served_whole_and_a_faulty_one_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("example.test.zone");
    let write = |lines: &str| fs::write(&path, format!("{SOA}{lines}")).unwrap();
    write("$INCLUDE part\n");
    fs::write(directory.path().join("part"), "a A 192.0.2.1\n").unwrap();
    let files = files(directory.path(), &["example.test"]).unwrap();
    let world = snapshot(1, [endpoint(1, 1)]);
    let running = Running::start_with("127.0.0.1:0".parse().unwrap(), world, files).unwrap();
    let server = running.at("127.0.0.1");
    let socket = client("127.0.0.1");
    let ask = |name: &str| {
        let (message, _) = ask_from(&socket, server, &question(1, name, 1));
        message.answers.first().map(|record| record.data.to_string())
    };
    assert_eq!(ask("a.example.test").as_deref(), Some("192.0.2.1"));
    fs::write(directory.path().join("part"), "a A 192.0.2.22\n").unwrap();
    wait_until(|| ask("a.example.test").as_deref() == Some("192.0.2.22"));
    write("b A 192.0.2.3\na A nonsense\n");
    running.snapshots.send_replace(std::sync::Arc::new(snapshot(2, [endpoint(2, 1)])));
    wait_until(|| ask(&name(2)).is_some());
    assert_eq!(ask("b.example.test"), None);
    assert_eq!(ask("a.example.test").as_deref(), Some("192.0.2.22"));
    write("b A 192.0.2.4\n");
    wait_until(|| ask("b.example.test").as_deref() == Some("192.0.2.4"));
    assert_eq!(ask("a.example.test"), None);
    running.server.stop().await;
}

#[test]
fn every_fault_is_told_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("good.zone"), SOA).unwrap();
    fs::write(at("bad.zone"), format!("{SOA}\nx A 1\n")).unwrap();
    fs::write(at("out.zone"), format!("{SOA}$INCLUDE ../{}/../x\n", "y")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", at("link")).unwrap();
    fs::write(at("linked.zone"), format!("{SOA}$INCLUDE link\n")).unwrap();
    let names = ["good", "bad", "absent", "out", "linked", "good"];
    let errors = files(directory.path(), &names).unwrap_err();
    let told: Vec<_> = errors
        .iter()
        .map(|error| match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        })
        .collect();
    let include = "cannot read the file, or it is outside the zone file's directory";
    assert_eq!(
        told,
        [
            format!(
                "zone file has a fault: {}:4: the data is not what the type wants",
                at("bad.zone").display()
            ),
            format!(
                "read zone file {}: No such file or directory (os error 2)",
                at("absent.zone").display()
            ),
            format!("zone file has a fault: {}:3: {include}", at("out.zone").display()),
            format!("zone file has a fault: {}:3: {include}", at("linked.zone").display()),
            "zone good. has two files".to_owned(),
        ]
    );
}
