//! A hashed timer wheel: one timer per connection, exact removal, no allocation per timer.
//!
//! Timers are known by the index of their connection and are rough to one tick. Setting, moving and
//! cancelling take constant time, however many there are; a turn of the wheel looks at each timer
//! once. Does not know what a tick is worth, nor the time: the caller counts.

/// Slots of the wheel, a power of two. Later timers stay in their slot for several turns.
const SLOTS: u32 = 1024;
/// No timer.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Timer {
    /// When it is due, or [`NONE`] when it is not set.
    due: u32,
    previous: u32,
    next: u32,
}

const UNSET: Timer = Timer { due: NONE, previous: NONE, next: NONE };

/// Timers by index, due at ticks.
#[derive(Debug)]
pub struct Wheel {
    /// The first timer of each slot.
    heads: Box<[u32]>,
    timers: Vec<Timer>,
    /// All ticks up to this one were looked at.
    now: u32,
    /// No timer is due before this tick; [`NONE`] if none is set.
    soonest: u32,
    set: usize,
}

impl Default for Wheel {
    fn default() -> Self {
        Self {
            heads: (0..SLOTS).map(|_| NONE).collect(),
            timers: Vec::new(),
            now: 0,
            soonest: NONE,
            set: 0,
        }
    }
}

fn place(index: u32) -> usize {
    usize::try_from(index).expect("usize has at least 32 bits")
}

impl Wheel {
    /// Sets the timer, or moves it. One that is due already fires at the next tick.
    pub fn set(&mut self, index: u32, due: u32) {
        self.cancel(index);
        if self.timers.len() <= place(index) {
            self.timers.resize(place(index) + 1, UNSET);
        }
        let due = due.clamp(self.now.saturating_add(1), NONE - 1);
        let head = &mut self.heads[place(due % SLOTS)];
        let next = std::mem::replace(head, index);
        if next != NONE {
            self.timers[place(next)].previous = index;
        }
        self.timers[place(index)] = Timer { due, previous: NONE, next };
        self.soonest = self.soonest.min(due);
        self.set += 1;
    }

    /// Removes the timer if it is set.
    pub fn cancel(&mut self, index: u32) {
        let Some(timer) = self.timers.get_mut(place(index)) else { return };
        let Timer { due, previous, next } = std::mem::replace(timer, UNSET);
        if due == NONE {
            return;
        }
        if previous == NONE {
            self.heads[place(due % SLOTS)] = next;
        } else {
            self.timers[place(previous)].next = next;
        }
        if next != NONE {
            self.timers[place(next)].previous = previous;
        }
        self.set -= 1;
    }

    /// Removes the timers that are due at or before the tick, and appends their indices to `fired`.
    pub fn advance(&mut self, now: u32, fired: &mut Vec<u32>) {
        let from = self.now;
        self.now = self.now.max(now);
        if self.now < self.soonest {
            return;
        }
        // After a pause of a whole turn every slot is looked at once, not once per missed tick.
        for tick in (from..self.now).take(place(SLOTS)).map(|tick| tick + 1) {
            let mut index = self.heads[place(tick % SLOTS)];
            while index != NONE {
                let Timer { due, next, .. } = self.timers[place(index)];
                if due <= self.now {
                    self.cancel(index);
                    fired.push(index);
                }
                index = next;
            }
        }
        self.soonest = self.first_taken_slot();
    }

    /// A tick by which to advance next; none if no timer is set. It may prove to be too early.
    pub fn next(&self) -> Option<u32> {
        (self.set > 0).then_some(self.soonest)
    }

    /// The next tick whose slot has a timer, be it for a later turn.
    fn first_taken_slot(&self) -> u32 {
        if self.set == 0 {
            return NONE;
        }
        let mut ticks = (1..=SLOTS).map(|ahead| self.now.saturating_add(ahead));
        ticks.find(|tick| self.heads[place(tick % SLOTS)] != NONE).unwrap_or(NONE)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn timers_fire_at_their_tick_and_not_before() {
        let mut wheel = Wheel::default();
        wheel.set(7, 3);
        wheel.set(8, 3 + SLOTS);
        let mut fired = Vec::new();
        assert_eq!(wheel.next(), Some(3));
        wheel.advance(2, &mut fired);
        assert_eq!(fired, []);
        wheel.advance(3, &mut fired);
        assert_eq!(fired, [7]);
        assert!(wheel.next() <= Some(3 + SLOTS));
        wheel.advance(2 + SLOTS, &mut fired);
        assert_eq!(fired, [7]);
        wheel.advance(3 + SLOTS, &mut fired);
        assert_eq!(fired, [7, 8]);
        assert_eq!(wheel.next(), None);
    }

    proptest! {
        #[test]
        fn the_wheel_agrees_with_a_map(
            steps in proptest::collection::vec((0_u8..4, 0_u32..20, 0_u32..3000), 1..200),
        ) {
            let (mut wheel, mut model) = (Wheel::default(), BTreeMap::new());
            let mut now = 0;
            for (kind, index, ticks) in steps {
                match kind {
                    0 => {
                        wheel.cancel(index);
                        model.remove(&index);
                    }
                    1 | 2 => {
                        wheel.set(index, now + ticks);
                        model.insert(index, (now + ticks).max(now + 1));
                    }
                    _ => {
                        now += ticks;
                        let mut fired = Vec::new();
                        wheel.advance(now, &mut fired);
                        fired.sort_unstable();
                        let due: Vec<u32> =
                            model.iter().filter(|(_, due)| **due <= now).map(|(i, _)| *i).collect();
                        model.retain(|_, due| *due > now);
                        prop_assert_eq!(fired, due);
                    }
                }
                prop_assert_eq!(wheel.next().is_none(), model.is_empty());
                if let (Some(next), Some(first)) = (wheel.next(), model.values().min()) {
                    prop_assert!(next <= *first);
                }
            }
        }
    }
}
