//! Who watches a store that this process alone writes: every commit is handed to each of them.

use tokio::sync::mpsc;

use super::{Commit, WATCH_COMMITS_MAX, Watch};

/// The watchers of a store.
#[derive(Debug, Default)]
pub(super) struct Watchers(Vec<mpsc::Sender<Commit>>);

impl Watchers {
    /// One more, from the current revision on.
    pub(super) fn add(&mut self) -> Watch {
        let (sender, receiver) = mpsc::channel(WATCH_COMMITS_MAX);
        self.0.push(sender);
        Watch(receiver)
    }

    /// Hands a commit to all. A watcher that is too far behind is dropped, so that its watch ends
    /// and it knows that it missed something.
    pub(super) fn tell(&mut self, commit: &Commit) {
        self.0.retain(|watcher| watcher.try_send(commit.clone()).is_ok());
    }
}
