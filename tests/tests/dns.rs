//! DNS over the wire: the running daemon asked by dnspython, by Unbound, and by a host that has no
//! other resolver, and compared with another server on the same zones. The questions are in
//! `tests/dns`, each program of which can be run by itself.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tests::postern::binary;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dns")
}

/// Python with the packages of `tests/requirements.txt`.
fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/bin/python")
}

/// Runs a program of `tests/dns` on the built daemon.
fn run(mut command: Command, script: &str, arguments: &[&str]) -> Output {
    command.arg(folder().join(script)).arg("--postern").arg(binary()).args(arguments);
    command.output().expect("Python is installed: make test-tools")
}

fn must_pass(script: &str, arguments: &[&str]) {
    check(&run(Command::new(python()), script, arguments));
}

fn check(output: &Output) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&text));
}

#[test]
fn every_behaviour_is_as_the_rfcs_have_it() {
    must_pass("behaviours.py", &[]);
}

/// A few drawn zones and questions; thousands by hand.
#[test]
fn zone_files_are_answered_as_nsd_and_knot_answer_them() {
    must_pass("differential.py", &["--zones", "40", "--questions", "15", "--seed", "1"]);
}

#[test]
fn unbound_forwards_a_domain_to_us() {
    must_pass("unbound.py", &[]);
}

#[test]
fn a_host_whose_only_resolver_we_are_reaches_a_private_name() {
    const NAMESPACES: [&str; 4] = ["--user", "--map-root-user", "--net", "--mount"];
    let mut command = Command::new("unshare");
    command.args(NAMESPACES);
    let probe = Command::new("unshare").args(NAMESPACES).arg("true").status();
    if !probe.expect("unshare is installed").success() {
        eprintln!("not run: this machine forbids namespaces of users and networks");
        return;
    }
    command.arg(python());
    check(&run(command, "only_resolver.py", &[]));
}
