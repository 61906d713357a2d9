//! The house rules that no lint knows, as an ordinary test: who may depend on whom, what a pure
//! core pulls in, how long a file is, how it opens. Each message says what to do instead.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Lines a file may have, tests included: beyond that it is two files by meaning.
const LINES_MAX: usize = 500;
/// Columns a line may have: two files fit side by side.
const COLUMNS_MAX: usize = 100;
/// Bytes a file may have: what is larger was built or fetched, and every clone would carry it.
const BYTES_MAX: u64 = 256 * 1024;

/// Who may depend on which of our own packages, directly. A package that is missing here fails.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("sys", &[]),
    ("iam", &[]),
    ("control-core", &["model"]),
    ("dataplane-core", &["model"]),
    ("dns-core", &["model"]),
    ("control", &["model", "control-core", "iam"]),
    ("dataplane", &["model", "dataplane-core", "sys"]),
    ("dns", &["model", "dns-core", "sys"]),
    (
        "daemon",
        &["model", "control", "control-core", "dataplane", "dataplane-core", "dns", "dns-core"],
    ),
    ("bench", &["sys"]),
    ("tests", &["model"]),
];

/// What does not belong into a pure core: runtimes, sockets, clocks, files, randomness, logs.
const IMPURE: &[&str] = &[
    "tokio", "mio", "socket2", "rustix", "hyper", "axum", "rand", "fastrand", "tracing", "metrics",
    "redb",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The packages that `package` depends on, itself left out; only its direct ones at depth 1.
fn dependencies(package: &str, options: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["tree", "--offline", "-p", package, "-e", "normal", "--prefix", "none"])
        .args(["--format", "{lib}"])
        .args(options)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().skip(1).map(|line| line.replace('_', "-")).collect()
}

/// Every Rust file that git knows or would take.
fn sources() -> Vec<PathBuf> {
    files("*.rs")
}

/// Every file of this pattern that git knows or would take.
fn files(pattern: &str) -> Vec<PathBuf> {
    let output = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard", pattern])
        .output()
        .unwrap();
    assert!(output.status.success(), "tidy reads the file list from git");
    let names = String::from_utf8(output.stdout).unwrap();
    names.lines().map(|name| root().join(name)).filter(|path| path.exists()).collect()
}

#[test]
fn planes_depend_downwards_only() {
    let ours: BTreeSet<&str> = MAY_DEPEND.iter().map(|(name, _)| *name).collect();
    for (package, may) in MAY_DEPEND {
        for dependency in dependencies(package, &["--depth", "1"]) {
            let known = !ours.contains(dependency.as_str()) || may.contains(&dependency.as_str());
            assert!(known, "{package} must not depend on {dependency}: see ARCHITECTURE.md");
        }
    }
}

#[test]
fn cores_are_pure() {
    // hickory-proto (DNS messages as values) lists rand and tracing, but does no I/O itself.
    let cores: [(&str, &[&str]); 5] = [
        ("model", &[]),
        ("iam", &[]),
        ("control-core", &[]),
        ("dataplane-core", &[]),
        ("dns-core", &["--prune", "hickory-proto"]),
    ];
    for (core, options) in cores {
        for dependency in dependencies(core, options) {
            let pure = !IMPURE.contains(&dependency.as_str());
            assert!(pure, "{core} is pure but pulls in {dependency}: pass the value in instead");
        }
    }
}

#[test]
fn files_open_with_their_purpose_and_stay_short() {
    let mut complaints = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root()).unwrap().display();
        if !text.starts_with("//!") {
            complaints.push(format!("{name}: open with //! (what it is, what it does not know)"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            complaints
                .push(format!("{name}: {lines} lines, at most {LINES_MAX}; split by meaning"));
        }
        for (number, line) in text.lines().enumerate() {
            if line.chars().count() > COLUMNS_MAX {
                complaints.push(format!("{name}:{}: over {COLUMNS_MAX} columns", number + 1));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn nothing_built_or_fetched_is_kept() {
    for path in files("*") {
        let bytes = fs::metadata(&path).unwrap().len();
        let name = path.strip_prefix(root()).unwrap().display();
        assert!(bytes <= BYTES_MAX, "{name}: {bytes} bytes, at most {BYTES_MAX}; leave it out");
    }
}

#[test]
fn names_say_what_a_file_is() {
    let vague = ["utils", "util", "helpers", "helper", "common", "misc", "mod"];
    for path in sources() {
        let stem = path.file_stem().unwrap().to_string_lossy();
        assert!(!vague.contains(&&*stem), "{}: name it by what it is", path.display());
    }
}

#[test]
fn tests_that_documents_name_exist() {
    let mut named = 0;
    for document in ["docs/nlb.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for (file, test) in text.split('`').skip(1).step_by(2).filter_map(|it| it.split_once("::"))
        {
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            let exists = source.contains(&format!("fn {test}("));
            assert!(exists, "{document} names {file}::{test}, which does not exist");
            named += 1;
        }
    }
    assert!(named > 30, "only {named} tests are named: is the table read?");
}

#[test]
fn one_clippy_configuration_and_every_member_takes_the_lints() {
    for (package, _) in MAY_DEPEND {
        let folder = match *package {
            "iam" => root().join("control/iam"),
            other => root().join(other.replace('-', "/")),
        };
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        // `sys` cannot relax `forbid`, so it repeats the other lints.
        let takes = manifest.contains("[lints]\nworkspace = true") || *package == "sys";
        assert!(takes, "{package}: [lints] workspace = true");
        let own = folder.join("clippy.toml");
        assert!(!own.exists(), "{}: it would silently replace the root one", own.display());
    }
}

#[test]
fn unsafe_code_stays_in_sys_and_stays_small() {
    let mut lines = 0;
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        if path.starts_with(root().join("sys")) {
            lines += unsafe_lines(&text);
        }
    }
    assert!(lines <= 300, "sys has {lines} lines of unsafe code, at most 300");
}

/// Lines inside `unsafe { }` blocks, counted by their indentation (rustfmt keeps it honest).
fn unsafe_lines(text: &str) -> usize {
    let mut count = 0;
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let code = line.trim_start();
        match block {
            Some(outer) if code.starts_with('}') && indent == outer => block = None,
            Some(_) => {}
            None if code.contains("unsafe {") && !code.starts_with("//") => {
                block = (!code.contains('}')).then_some(indent);
            }
            None => continue,
        }
        count += 1;
    }
    count
}
