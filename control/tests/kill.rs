//! kill -9 at any moment: every acknowledged commit is there when the store is opened again,
//! nothing is there by halves, and at most the one commit that was under way is there without
//! having been acknowledged.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::{
    env,
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
};

use control::store::{Redb, Revision, Store, Write};

/// Rounds on one file, so that later ones open what earlier ones left.
const ROUNDS: u64 = 12;

fn main() {
    let mut args = env::args().skip(1);
    match args.next().as_deref() {
        Some("child") => child(Path::new(&args.next().unwrap())),
        _ => acknowledged_commits_survive(),
    }
}

/// Commits for ever, two records at a time, and says which revisions are acknowledged.
fn child(path: &Path) {
    let mut store = Redb::open(path).unwrap();
    let mut revision = store.load().unwrap().revision;
    let mut out = std::io::stdout().lock();
    loop {
        let next = revision.next();
        let put = |half: &str| Write::Put {
            key: format!("{half}/{:020}", next.0 % 50),
            record: next.0.to_string().repeat(1 + usize::try_from(next.0 % 400).unwrap()).into(),
        };
        revision = store.commit(revision, &[put("left"), put("right")]).unwrap();
        writeln!(out, "{revision}").unwrap();
        out.flush().unwrap();
    }
}

fn acknowledged_commits_survive() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut before = Revision(0);
    for round in 0..ROUNDS {
        let acknowledged = killed_after(&path, before.0 + round * 7);
        let loaded = Redb::open(&path).unwrap().load().unwrap();
        assert!(loaded.revision >= acknowledged, "round {round}: an acknowledged commit is gone");
        let halves: Vec<Vec<&[u8]>> = ["left/", "right/"]
            .map(|half| {
                let of_half = loaded.records.iter().filter(|(key, _)| key.starts_with(half));
                of_half.map(|(_, record)| record.as_slice()).collect()
            })
            .into();
        assert_eq!(halves[0], halves[1], "round {round}: half a commit is there");
        let count = usize::try_from(loaded.revision.0.min(50)).unwrap();
        assert_eq!(halves[0].len(), count, "round {round}");
        let newest = loaded.revision.0.to_string();
        let has_newest = halves[0].iter().any(|record| record.starts_with(newest.as_bytes()));
        assert!(has_newest || loaded.revision == Revision(0), "round {round}: {newest} is missing");
        before = loaded.revision;
    }
    assert!(before > Revision(ROUNDS), "the child did something: {before:?}");
}

/// Lets a child commit until it has acknowledged a revision, and kills it some way into the next.
fn killed_after(path: &Path, revision: u64) -> Revision {
    let mut child = start(path);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Revision(0);
    let read = |line: String| Revision(line.parse().unwrap());
    while acknowledged.0 <= revision {
        acknowledged = read(lines.next().unwrap().unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died counts as well. A line that was cut off is a smaller number.
    let said = lines.map_while(Result::ok).filter_map(|line| line.parse().ok()).map(Revision);
    said.chain([acknowledged]).max().unwrap()
}

fn start(path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .arg("child")
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}
