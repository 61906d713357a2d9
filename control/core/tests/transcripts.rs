//! Transcripts: `scripts/*.txt` hold commands and what happened, and are run anew and compared.
//!
//! A line `> who: verb name key=value ...` is a command; the lines after it are the events that
//! followed, the refusal, or what `show` shows. Blank lines and `#` comments stay. Names stand for
//! the identifiers that creates draw. `UPDATE=1 cargo test -p control-core` writes what happens now
//! into the files; read the diff before it is committed.
#![expect(clippy::unwrap_used, reason = "a script that cannot be read is a failed test")]

#[path = "transcripts/args.rs"]
mod args;
#[path = "transcripts/balancing.rs"]
mod balancing;
#[path = "transcripts/network.rs"]
mod network;
#[path = "transcripts/route_table.rs"]
mod route_table;
#[path = "transcripts/security_group.rs"]
mod security_group;
#[path = "transcripts/service.rs"]
mod service;
#[path = "transcripts/session.rs"]
mod session;
#[path = "transcripts/show.rs"]
mod show;
#[path = "transcripts/verb.rs"]
mod verb;

use std::{collections::BTreeSet, fs, path::PathBuf};

use session::Session;

fn scripts() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|it| it == "txt")).collect();
    scripts.sort();
    assert!(!scripts.is_empty());
    scripts
}

/// Runs the commands of a script; the answer is the script with what happened.
fn transcript(script: &str) -> String {
    let mut session = Session::new();
    let mut lines: Vec<String> = Vec::new();
    for line in script.lines() {
        if let Some(command) = line.strip_prefix("> ") {
            lines.push(line.into());
            // Shown if the test fails; a script that stops half-way is read from its end.
            let happened = session.run(command);
            eprintln!("{line}\n{}", happened.join("\n"));
            lines.extend(happened);
        } else if line.is_empty() || line.starts_with('#') {
            lines.push(line.into());
        }
    }
    lines.join("\n") + "\n"
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test run is told to rewrite the files")]
fn scripts_go_as_written() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for path in scripts() {
        let written = fs::read_to_string(&path).unwrap();
        let now = transcript(&written);
        if update {
            fs::write(&path, now).unwrap();
        } else if written != now {
            let mut lines = written.lines().zip(now.lines()).enumerate();
            let first = lines.find(|(_, (was, is))| was != is);
            different.push(format!("{}: {first:?}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Every refusal's list, with what stands before its items in a script.
const REFUSALS: [(&str, &str, &str); 3] = [
    ("pub enum Refusal {", include_str!("../src/refusal.rs"), ""),
    ("pub enum TagRefusal {", include_str!("../src/refusal/tag.rs"), "Tag("),
    ("pub enum ZonalShiftRefusal {", include_str!("../src/refusal/zonal_shift.rs"), "ZonalShift("),
];

#[test]
fn every_refusal_is_in_a_script() {
    let is_variant = |line: &&str| {
        line.starts_with("    ") && line.chars().nth(4).is_some_and(|c| c.is_ascii_uppercase())
    };
    let name = |line: &str| -> String {
        line.trim().chars().take_while(char::is_ascii_alphanumeric).collect()
    };
    let written: Vec<_> = scripts().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for (opening, source, before) in REFUSALS {
        let (_, list) = source.split_once(opening).unwrap();
        let (list, _) = list.split_once("\n}").unwrap();
        let all: BTreeSet<String> = list.lines().filter(is_variant).map(name).collect();
        assert!(all.len() > 4, "the list was read: {all:?}");
        let before = format!("refused: {before}");
        let lines = written.iter().flat_map(|text| text.lines());
        let seen: BTreeSet<String> =
            lines.filter_map(|line| line.strip_prefix(&before)).map(name).collect();
        let missing: Vec<_> = all.difference(&seen).collect();
        assert!(missing.is_empty(), "no script shows {missing:?}");
    }
}
