//! The endpoint workflow by clients of other makers and languages: Ansible's modules, the AWS SDKs
//! for JavaScript and Rust. Installing them takes minutes, so this is not part of `make test` but
//! of
//! `make test-sdk`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, path::Path};

use tests::{Postern, Script, script::root};

/// A service and a consumer's network in a fresh gateway, and a program that is told of them.
fn script<'a>(postern: &'a Postern, program: &Path, acceptance: bool) -> Script<'a> {
    let mut world = Script::python(postern, "world.py");
    world.command().env("POSTERN_ACCEPTANCE", acceptance.to_string());
    let world: BTreeMap<String, String> = serde_json::from_str(&world.run()).unwrap();
    let name = program.file_name().unwrap().to_string_lossy();
    let mut script = Script::new(postern, &name, program);
    script.command().envs(world);
    script
}

#[test]
#[ignore = "make test-sdk"]
fn ansible_makes_keeps_changes_and_removes_an_endpoint() {
    let postern = Postern::start();
    let bin = root().join(".venv-ansible/bin");
    let mut script = script(&postern, &bin.join("ansible-playbook"), false);
    script
        .command()
        .env("ANSIBLE_LOCALHOST_WARNING", "False")
        .env("ANSIBLE_NOCOLOR", "1")
        .env("ANSIBLE_PYTHON_INTERPRETER", bin.join("python"))
        .env("LC_ALL", "C.UTF-8")
        .args(["-i", "localhost,"])
        .arg(root().join("tests/sdk/ansible/endpoint.yml"));
    script.run();
}

#[test]
#[ignore = "make test-sdk"]
fn the_sdk_for_javascript_goes_through_the_workflow() {
    let postern = Postern::start();
    let mut script = script(&postern, Path::new("node"), true);
    script.command().arg(root().join("tests/sdk/js/endpoint.mjs"));
    script.run();
}

#[test]
#[ignore = "make test-sdk"]
fn the_sdk_for_rust_goes_through_the_workflow() {
    let postern = Postern::start();
    script(&postern, &root().join("tests/sdk/rust/target/debug/sdk-rust"), true).run();
}
