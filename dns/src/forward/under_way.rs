//! Questions that are being asked, so that whoever asks the same waits for the same answer.
//!
//! The first asks, the others follow; if the first goes away without an answer, because its client
//! did, another one asks. Does not know servers.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use hickory_proto::op::{Message, ResponseCode};
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::cache::Key;

/// How many may wait for what others ask; more fail at once.
const FOLLOWERS_MAX: usize = 4096;

/// What came of asking.
pub(super) type Answered = Result<Message, ResponseCode>;

/// The questions that are being asked; as many at most as may be asked at a time.
#[derive(Debug)]
pub(super) struct UnderWay {
    asked: Mutex<HashMap<Key, watch::Receiver<Option<Answered>>>>,
    followers: Semaphore,
}

/// What somebody with a question is to do.
pub(super) enum Turn<'u> {
    /// To ask it.
    Lead(Lead<'u>),
    /// To wait for the answer.
    Follow(watch::Receiver<Option<Answered>>, SemaphorePermit<'u>),
    /// To give up: too many wait.
    Full,
}

/// The right to ask a question. It ends when this is dropped.
pub(super) struct Lead<'u> {
    under_way: &'u UnderWay,
    key: Key,
    tell: watch::Sender<Option<Answered>>,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self { asked: Mutex::default(), followers: Semaphore::new(FOLLOWERS_MAX) }
    }
}

impl UnderWay {
    /// Says what to do about a question.
    pub(super) fn join(&self, key: &Key) -> Turn<'_> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = asked.get(key) {
            return match self.followers.try_acquire() {
                Ok(permit) => Turn::Follow(answer.clone(), permit),
                Err(_) => Turn::Full,
            };
        }
        let (tell, answer) = watch::channel(None);
        asked.insert(key.clone(), answer);
        Turn::Lead(Lead { under_way: self, key: key.clone(), tell })
    }
}

impl Lead<'_> {
    /// Tells those who follow.
    pub(super) fn tell(self, answer: &Answered) {
        // Whoever comes from here on looks into the cache first, or asks anew.
        self.tell.send_replace(Some(answer.clone()));
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.under_way.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
