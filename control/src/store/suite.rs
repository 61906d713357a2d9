//! What every store must pass. Panics at the first thing that is wrong, so it is for tests.

use super::{Commit, CommitError, Loaded, Revision, Store, WATCH_COMMITS_MAX, WatchError, Write};

/// Runs the suite; `open` opens a new, empty store each time.
pub fn run<S: Store>(open: impl Fn() -> S) {
    new_store_is_empty(&mut open());
    commits_are_loaded(&mut open());
    losers_of_a_race_change_nothing(&mut open());
    watchers_see_every_commit(&mut open());
    watchers_that_fall_behind_are_told(&mut open());
    the_past_cannot_be_watched_silently(&mut open());
}

fn put(key: &str, record: &[u8]) -> Write {
    Write::Put { key: key.into(), record: record.into() }
}

fn load(store: &mut impl Store) -> Loaded {
    store.load().expect("the store can be loaded")
}

fn commit(store: &mut impl Store, expected: u64, writes: &[Write]) {
    let revision = store.commit(Revision(expected), writes).expect("nobody else commits");
    assert_eq!(revision, Revision(expected + 1));
}

fn new_store_is_empty(store: &mut impl Store) {
    assert_eq!(load(store), Loaded::default());
}

fn commits_are_loaded(store: &mut impl Store) {
    let large = vec![0xff; 64 * 1024];
    commit(store, 0, &[put("b", b"1"), put("a/1", b""), put("c", &large)]);
    commit(store, 1, &[put("b", b"2"), Write::Remove { key: "c".into() }]);
    commit(store, 2, &[Write::Remove { key: "never".into() }]);
    commit(store, 3, &[put("d", b"first"), Write::Remove { key: "d".into() }]);
    commit(store, 4, &[Write::Remove { key: "e".into() }, put("e", b"last")]);
    let records = [("a/1", &b""[..]), ("b", b"2"), ("e", b"last")];
    let records = records.map(|(key, record)| (key.to_owned(), record.to_vec())).into();
    assert_eq!(load(store), Loaded { revision: Revision(5), records });
}

fn losers_of_a_race_change_nothing(store: &mut impl Store) {
    commit(store, 0, &[put("a", b"1")]);
    for expected in [Revision(0), Revision(2)] {
        let lost = store.commit(expected, &[put("a", b"2"), put("b", b"2")]);
        match lost {
            Err(CommitError::Conflict { expected: seen, actual }) => {
                assert_eq!((seen, actual), (expected, Revision(1)));
            }
            other => panic!("commit at {expected}: {other:?}"),
        }
    }
    assert_eq!(load(store).records, [("a".to_owned(), b"1".to_vec())]);
    commit(store, 1, &[put("a", b"3")]);
}

fn watchers_see_every_commit(store: &mut impl Store) {
    commit(store, 0, &[put("a", b"1")]);
    let mut watch = store.watch(Revision(1)).expect("the present can be watched");
    for revision in 1..=3 {
        let writes = [put("a", b"0"), Write::Remove { key: "b".into() }];
        commit(store, revision, &writes);
        let seen = watch.0.blocking_recv().expect("the watch goes on");
        let expected = Commit { revision: Revision(revision + 1), writes: writes.into() };
        assert_eq!(seen, expected);
    }
}

fn watchers_that_fall_behind_are_told(store: &mut impl Store) {
    let mut watch = store.watch(Revision(0)).expect("the present can be watched");
    let commits = u64::try_from(WATCH_COMMITS_MAX).expect("a small number") + 1;
    for revision in 0..commits {
        commit(store, revision, &[]);
    }
    let mut next = Revision(1);
    while let Some(seen) = watch.0.blocking_recv() {
        assert_eq!(seen.revision, next, "no gap before the end");
        next = next.next();
    }
    assert!(next <= Revision(commits), "the watch ended before the commit that it missed");
}

/// Either all commits since then arrive, or the watcher hears that they will not.
fn the_past_cannot_be_watched_silently(store: &mut impl Store) {
    commit(store, 0, &[put("a", b"1")]);
    match store.watch(Revision(0)) {
        Ok(mut watch) => {
            let seen = watch.0.blocking_recv().expect("the watch goes on");
            assert_eq!(seen.revision, Revision(1));
        }
        Err(WatchError::Compacted { from, oldest }) => {
            assert_eq!((from, oldest), (Revision(0), Revision(1)));
        }
        Err(other) => panic!("watch from 0: {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Memory;

    #[test]
    fn memory_passes_the_suite() {
        run(Memory::default);
    }
}
