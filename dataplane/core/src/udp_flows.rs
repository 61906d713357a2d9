//! The table of UDP flows: which there are, which have been silent for too long, and which ends
//! when room is needed.
//!
//! A datagram proves nothing about who sent it, so anyone can begin flows in others' names. Hence
//! the table has a bound, and within it one for flows that no target has answered yet. Of a full
//! table each kind of flow that proves little, unanswered ones and those whose clients never came
//! back after the answer, as invented ones do not, has a share; a kind that has more than that
//! makes room, the one that proves less first, else those whose clients did come back. Without the
//! shares flows that have just begun would end each other. Whoever has most of a kind loses one:
//! owners are endpoint interfaces, and one that is flooded pays for it itself. Silence is measured
//! in the caller's ticks. Does not know sockets, nor what a flow carries.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher, Hasher as _},
};

use model::ClientAddr;
use siphasher::sip::SipHasher13;

use crate::timer::Wheel;

/// What a table may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Flows in all, at least 1.
    pub flows_max: usize,
    /// Those that no target has answered yet, at least 1.
    pub unanswered_max: usize,
    /// In a full table others make room for so many of them, and for as many whose clients were not
    /// heard of since an answer; at least 1.
    pub spared: usize,
    /// After so many ticks of silence a flow is over.
    pub idle: u32,
}

/// What makes a datagram part of a flow: who sent it, and to which listener's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlowKey {
    /// The place of the listener's address.
    pub listener: usize,
    /// The client.
    pub client: ClientAddr,
}

/// How much speaks for a flow's client being where its datagrams say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// No target has answered.
    Unanswered,
    /// A target has, and nothing was heard of the client since.
    Answered,
    /// The client has sent more after an answer.
    Confirmed,
}

impl Standing {
    const fn place(self) -> usize {
        match self {
            Self::Unanswered => 0,
            Self::Answered => 1,
            Self::Confirmed => 2,
        }
    }
}

/// Hashes keys so that nobody outside can make them collide.
#[derive(Clone, Copy, Debug)]
struct Keyed(u128);

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        let mut hasher = SipHasher13::new_with_key(&self.0.to_le_bytes());
        // Not the flow hash itself: what is learnt about the one says nothing about the other.
        hasher.write_u8(1);
        hasher
    }
}

/// No flow.
const NONE: u32 = u32::MAX;

/// A list of flows, the one heard of last in front.
#[derive(Clone, Copy, Debug)]
struct List {
    first: u32,
    last: u32,
    count: usize,
}

const EMPTY: List = List { first: NONE, last: NONE, count: 0 };

/// The flows of one owner, by standing.
#[derive(Clone, Copy, Debug)]
struct Owned {
    lists: [List; 3],
}

impl Owned {
    const NOTHING: Self = Self { lists: [EMPTY; 3] };
}

#[derive(Debug)]
struct Node<T> {
    value: T,
    key: FlowKey,
    owner: usize,
    standing: Standing,
    active: u32,
    newer: u32,
    older: u32,
}

/// Flows by what makes them so, and by place. Places are small numbers that are used again.
#[derive(Debug)]
pub struct FlowTable<T> {
    bounds: Bounds,
    places: HashMap<FlowKey, u32, Keyed>,
    nodes: Vec<Option<Node<T>>>,
    free: Vec<u32>,
    owned: Vec<Owned>,
    /// How many flows there are of each standing.
    counts: [usize; 3],
    /// Owners by how many flows of each standing they have.
    most: [BTreeSet<(usize, usize)>; 3],
    timers: Wheel,
    fired: Vec<u32>,
}

fn at(place: u32) -> usize {
    usize::try_from(place).expect("usize has at least 32 bits")
}

impl<T> FlowTable<T> {
    /// An empty table; the key keeps others from choosing what collides in it.
    pub fn new(bounds: Bounds, hash_key: u128) -> Self {
        let least = Bounds {
            flows_max: bounds.flows_max.clamp(1, at(NONE - 1)),
            unanswered_max: bounds.unanswered_max.max(1),
            spared: bounds.spared.max(1),
            idle: bounds.idle,
        };
        Self {
            bounds: least,
            places: HashMap::with_hasher(Keyed(hash_key)),
            nodes: Vec::new(),
            free: Vec::new(),
            owned: Vec::new(),
            counts: [0; 3],
            most: Default::default(),
            timers: Wheel::default(),
            fired: Vec::new(),
        }
    }

    /// How many flows there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The place of the flow that a datagram belongs to.
    pub fn find(&self, key: &FlowKey) -> Option<u32> {
        self.places.get(key).copied()
    }

    /// What is kept of the flow in a place.
    pub fn get(&self, place: u32) -> Option<&T> {
        self.node(place).map(|node| &node.value)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.nodes.get_mut(at(place))?.as_mut().map(|node| &mut node.value)
    }

    /// How a flow stands.
    pub fn standing(&self, place: u32) -> Option<Standing> {
        self.node(place).map(|node| node.standing)
    }

    /// All flows that a condition picks.
    pub fn places_where(&self, mut is_meant: impl FnMut(&T) -> bool) -> Vec<u32> {
        let all = (0..NONE).zip(&self.nodes);
        let meant = all.filter(|(_, node)| node.as_ref().is_some_and(|n| is_meant(&n.value)));
        meant.map(|(place, _)| place).collect()
    }

    /// The flow that is to end before another begins; none if there is room.
    pub fn in_the_way(&self) -> Option<u32> {
        let place = self.victims()?.place();
        let (_, owner) = self.most[place].last()?;
        Some(self.owned[*owner].lists[place].last)
    }

    /// The standing of the flow that is to end.
    fn victims(&self) -> Option<Standing> {
        use Standing::{Answered, Confirmed, Unanswered};
        let count = |standing: Standing| self.counts[standing.place()];
        if count(Unanswered) >= self.bounds.unanswered_max {
            return Some(Unanswered);
        }
        if self.len() < self.bounds.flows_max {
            return None;
        }
        let exceeds = |standing: &Standing| count(*standing) >= self.bounds.spared;
        let is_there = |standing: &Standing| count(*standing) > 0;
        let exceeding = [Unanswered, Answered].into_iter().find(exceeds);
        exceeding.or_else(|| [Confirmed, Answered, Unanswered].into_iter().find(is_there))
    }

    /// Begins a flow that is not in the table, for which [`FlowTable::in_the_way`] has made room.
    pub fn insert(&mut self, key: FlowKey, owner: usize, now: u32, value: T) -> u32 {
        debug_assert!(self.in_the_way().is_none(), "room is made first");
        let standing = Standing::Unanswered;
        let (newer, older) = (NONE, NONE);
        let node = Node { value, key, owner, standing, active: now, newer, older };
        let place = self.free.pop().unwrap_or_else(|| {
            self.nodes.push(None);
            u32::try_from(self.nodes.len() - 1).expect("a table holds less than 2^32 flows")
        });
        self.nodes[at(place)] = Some(node);
        self.places.insert(key, place);
        if self.owned.len() <= owner {
            self.owned.resize(owner + 1, Owned::NOTHING);
        }
        self.enter(place);
        self.timers.set(place, now.saturating_add(self.bounds.idle));
        place
    }

    /// Ends a flow.
    pub fn remove(&mut self, place: u32) -> Option<T> {
        self.leave(place);
        let node = self.nodes.get_mut(at(place))?.take()?;
        self.places.remove(&node.key);
        self.free.push(place);
        self.timers.cancel(place);
        Some(node.value)
    }

    /// Notes that the client was heard of.
    pub fn hear_client(&mut self, place: u32, now: u32) {
        let Some(node) = self.node(place) else { return };
        let standing = match node.standing {
            Standing::Unanswered => Standing::Unanswered,
            Standing::Answered | Standing::Confirmed => Standing::Confirmed,
        };
        self.hear(place, now, standing);
    }

    /// Notes that the target was heard of.
    pub fn hear_target(&mut self, place: u32, now: u32) {
        let Some(node) = self.node(place) else { return };
        self.hear(place, now, node.standing.max(Standing::Answered));
    }

    fn hear(&mut self, place: u32, now: u32, standing: Standing) {
        let Some(Some(node)) = self.nodes.get_mut(at(place)) else { return };
        let was_active = std::mem::replace(&mut node.active, now);
        // Within a tick the order of answered flows matters to nobody; a flood passes through the
        // unanswered ones within less.
        let moves = was_active != now || standing == Standing::Unanswered;
        if node.standing != standing {
            self.leave(place);
            if let Some(Some(node)) = self.nodes.get_mut(at(place)) {
                node.standing = standing;
            }
            self.enter(place);
        } else if moves && node.newer != NONE {
            self.unlink(place);
            self.link(place);
        }
    }

    /// Appends the places of flows that have been silent for too long; they are to be removed.
    pub fn silent(&mut self, now: u32, found: &mut Vec<u32>) {
        let mut fired = std::mem::take(&mut self.fired);
        self.timers.advance(now, &mut fired);
        for place in fired.drain(..) {
            let Some(node) = self.node(place) else { continue };
            let due = node.active.saturating_add(self.bounds.idle);
            if due <= now {
                found.push(place);
            } else {
                self.timers.set(place, due);
            }
        }
        self.fired = fired;
    }

    /// A tick by which to ask [`FlowTable::silent`] next. It may prove to be too early.
    pub fn next_silent(&self) -> Option<u32> {
        self.timers.next()
    }

    fn node(&self, place: u32) -> Option<&Node<T>> {
        self.nodes.get(at(place))?.as_ref()
    }

    fn set_newer(&mut self, place: u32, newer: u32) {
        if let Some(Some(node)) = self.nodes.get_mut(at(place)) {
            node.newer = newer;
        }
    }

    fn set_older(&mut self, place: u32, older: u32) {
        if let Some(Some(node)) = self.nodes.get_mut(at(place)) {
            node.older = older;
        }
    }

    /// Counts a flow where it now belongs.
    fn enter(&mut self, place: u32) {
        self.link(place);
        self.recount(place, |count| count - 1);
    }

    /// Counts a flow no more where it was.
    fn leave(&mut self, place: u32) {
        self.unlink(place);
        self.recount(place, |count| count + 1);
    }

    /// Puts a flow in front of its owner's list for its standing.
    fn link(&mut self, place: u32) {
        let Some(node) = self.node(place) else { return };
        let (owner, standing) = (node.owner, node.standing);
        let list = &mut self.owned[owner].lists[standing.place()];
        let second = std::mem::replace(&mut list.first, place);
        if second == NONE {
            list.last = place;
        }
        list.count += 1;
        self.set_newer(place, NONE);
        self.set_older(place, second);
        self.set_newer(second, place);
    }

    /// Takes a flow out of its list.
    fn unlink(&mut self, place: u32) {
        let Some(node) = self.node(place) else { return };
        let (owner, standing, newer, older) = (node.owner, node.standing, node.newer, node.older);
        let list = &mut self.owned[owner].lists[standing.place()];
        if newer == NONE {
            list.first = older;
        }
        if older == NONE {
            list.last = newer;
        }
        list.count -= 1;
        self.set_older(newer, older);
        self.set_newer(older, newer);
    }

    /// Ranks a flow's owner anew; `before` tells what a count of its flows was.
    fn recount(&mut self, place: u32, before: impl Fn(usize) -> usize) {
        let Some(node) = self.node(place) else { return };
        let (owner, standing) = (node.owner, node.standing.place());
        let count = self.owned[owner].lists[standing].count;
        self.counts[standing] = self.counts[standing] + count - before(count);
        let ranks = &mut self.most[standing];
        ranks.remove(&(before(count), owner));
        if count > 0 {
            ranks.insert((count, owner));
        }
    }
}

#[cfg(test)]
#[path = "udp_flows_tests.rs"]
mod tests;
