//! What upstream servers said, for as long as they said it holds, and a while longer for when they
//! say nothing any more (RFC 2308, RFC 8767).
//!
//! Bounded by two generations: when the young one is full, it becomes the old one and what nobody
//! asked for since is gone. Does not know who asked.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{DNSClass, LowerName, RData, RecordType},
};

/// Answers in one of the two generations; some 1 KiB each.
const GENERATION_LEN_MAX: usize = 8192;
/// Longer answers are not kept.
const RECORDS_MAX: usize = 64;
/// Nothing is kept longer, whatever it says (RFC 8767 4 recommends to have such a bound).
const TTL_S_MAX: u32 = 24 * 3600;
/// Absence is kept no longer (RFC 2308 5: one to three hours).
const ABSENCE_S_MAX: u32 = 3 * 3600;
/// How long an answer that has expired may still be given when no server answers (RFC 8767 5).
const STALE_MAX: Duration = Duration::from_secs(24 * 3600);
/// The TTL of such an answer (RFC 8767 4).
const STALE_TTL_S: u32 = 30;

/// What an answer depends on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Which servers.
    pub(crate) group: usize,
    pub(crate) name: LowerName,
    pub(crate) rtype: RecordType,
    pub(crate) class: DNSClass,
    /// Whether DNSSEC records were asked for, and whether checking was not wanted.
    pub(crate) flags: (bool, bool),
}

#[derive(Clone, Debug)]
struct Entry {
    message: Message,
    stored: Instant,
    ttl: Duration,
}

/// Answers of upstream servers.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    young: HashMap<Key, Entry>,
    old: HashMap<Key, Entry>,
}

/// An answer that is kept.
pub(crate) enum Kept {
    /// It holds.
    Fresh(Message),
    /// It held once.
    Stale(Message),
}

impl Cache {
    /// The answer kept, with what is left of its TTLs.
    pub(crate) fn get(&mut self, key: &Key, now: Instant) -> Option<Kept> {
        if !self.young.contains_key(key) {
            let (key, entry) = self.old.remove_entry(key)?;
            self.insert(key, entry);
        }
        let entry = self.young.get(key)?;
        let age = now.saturating_duration_since(entry.stored);
        let mut message = entry.message.clone();
        if age < entry.ttl {
            let age_s = u32::try_from(age.as_secs()).unwrap_or(u32::MAX);
            set_ttls(&mut message, |ttl| ttl.saturating_sub(age_s).max(1));
            return Some(Kept::Fresh(message));
        }
        set_ttls(&mut message, |_| STALE_TTL_S);
        (age < entry.ttl + STALE_MAX).then_some(Kept::Stale(message))
    }

    /// Keeps an answer, if it may be kept.
    pub(crate) fn put(&mut self, key: Key, message: &Message, now: Instant) {
        let count = message.all_sections().count();
        let Some(ttl) = ttl(message).filter(|ttl| *ttl > 0 && count <= RECORDS_MAX) else { return };
        let ttl = Duration::from_secs(ttl.into());
        self.insert(key, Entry { message: message.clone(), stored: now, ttl });
    }

    fn insert(&mut self, key: Key, entry: Entry) {
        if self.young.len() >= GENERATION_LEN_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, entry);
    }
}

fn set_ttls(message: &mut Message, new: impl Fn(u32) -> u32) {
    let Message { answers, authorities, additionals, .. } = message;
    for record in answers.iter_mut().chain(authorities).chain(additionals) {
        record.ttl = new(record.ttl.min(TTL_S_MAX));
    }
}

/// How long an answer may be kept, in seconds; none if it may not.
fn ttl(message: &Message) -> Option<u32> {
    let is_absence = match message.metadata.response_code {
        ResponseCode::NoError => message.answers.is_empty(),
        ResponseCode::NXDomain => true,
        _ => return None,
    };
    let answers = message.answers.iter().map(|record| record.ttl);
    if !is_absence {
        return answers.min().map(|ttl| ttl.min(TTL_S_MAX));
    }
    let soa = message.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
        _ => None,
    });
    // Behind an alias, the alias expires too.
    soa.map(|ttl| answers.fold(ttl, u32::min).min(ABSENCE_S_MAX))
}

#[cfg(test)]
mod tests {
    use hickory_proto::{
        op::{MessageType, OpCode},
        rr::{Name, Record},
    };

    use super::*;

    fn key(n: usize) -> Key {
        let name = LowerName::new(&Name::from_ascii(format!("n{n}.test.")).unwrap());
        let (rtype, class) = (RecordType::A, DNSClass::IN);
        Key { group: 0, name, rtype, class, flags: (false, false) }
    }

    fn message(ttl: u32) -> Message {
        let mut message = Message::new(1, MessageType::Response, OpCode::Query);
        let data = RData::A(std::net::Ipv4Addr::LOCALHOST.into());
        message.add_answer(Record::from_rdata(Name::root(), ttl, data));
        message
    }

    #[expect(clippy::disallowed_methods, reason = "a point in time to count from")]
    fn now() -> Instant {
        Instant::now()
    }

    #[test]
    fn an_answer_ages_goes_stale_and_is_gone() {
        let (mut cache, start) = (Cache::default(), now());
        cache.put(key(1), &message(60), start);
        for (after_s, expected) in [
            (0, Some((true, 60))),
            (59, Some((true, 1))),
            (60, Some((false, STALE_TTL_S))),
            (60 + 86_399, Some((false, STALE_TTL_S))),
            (60 + 86_400, None),
        ] {
            let kept = cache.get(&key(1), start + Duration::from_secs(after_s));
            let seen = kept.map(|kept| match kept {
                Kept::Fresh(message) => (true, message.answers[0].ttl),
                Kept::Stale(message) => (false, message.answers[0].ttl),
            });
            assert_eq!(seen, expected, "{after_s}");
        }
    }

    #[test]
    fn nothing_is_kept_without_a_ttl_or_beyond_the_bound() {
        let (mut cache, start) = (Cache::default(), now());
        cache.put(key(0), &message(0), start);
        let mut failure = message(60);
        failure.metadata.response_code = ResponseCode::ServFail;
        cache.put(key(0), &failure, start);
        assert!(cache.get(&key(0), start).is_none());
        for n in 1..4 * GENERATION_LEN_MAX {
            cache.put(key(n), &message(60), start);
            assert!(cache.get(&key(1), start).is_some(), "what is asked for stays");
        }
        assert!(cache.young.len() + cache.old.len() <= 2 * GENERATION_LEN_MAX);
    }
}
