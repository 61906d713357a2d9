//! One transaction in the making: commands and chores decided one after another on a copy of the
//! registry, each on what those before it leave. The copy is thrown away if the commit fails.

use control_core::{
    Change, Chore, Draw, Event, Outcome, Record, Refusal, Registry, decide, decide_chore,
};
use model::Timestamp;

use super::{Request, StateError};
use crate::store::Write;

/// A transaction that was decided and not yet committed.
pub(super) struct Transaction {
    /// The registry as it will be.
    pub(super) registry: Registry,
    /// What happens.
    pub(super) events: Vec<Event>,
    /// The answer to each command, in their order.
    pub(super) answers: Vec<Result<Outcome, Refusal>>,
}

impl Transaction {
    /// Decides commands and then chores.
    pub(super) fn decide(
        registry: &Registry,
        requests: &[Request],
        chores: &[Chore],
        draw: &mut dyn Draw,
        now: Timestamp,
    ) -> Self {
        let registry = registry.clone();
        let mut transaction = Self { registry, events: Vec::new(), answers: Vec::new() };
        for Request { caller, command, .. } in requests {
            let decided = decide(&transaction.registry, caller, command, draw, now);
            let answer = decided.map(|decision| {
                transaction.apply(decision.events);
                decision.outcome
            });
            transaction.answers.push(answer);
        }
        for chore in chores {
            let events = decide_chore(&transaction.registry, chore, now);
            transaction.apply(events);
        }
        transaction
    }

    /// The changes in their order.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.events.iter().flat_map(|event| &event.changes)
    }

    /// The changes as the store takes them.
    pub(super) fn writes(&self) -> Vec<Write> {
        self.changes().map(write).collect()
    }

    fn apply(&mut self, events: Vec<Event>) {
        for event in &events {
            self.registry.apply(event);
        }
        self.events.extend(events);
    }
}

fn write(change: &Change) -> Write {
    match change {
        Change::Put(record) => {
            Write::Put { key: record.key().to_string(), record: record.encode() }
        }
        Change::Remove(key) => Write::Remove { key: key.to_string() },
    }
}

/// A change as another node wrote it.
pub(super) fn read(write: &Write) -> Result<Change, StateError> {
    match write {
        Write::Put { key, record } => read_record(key, record).map(Change::Put),
        Write::Remove { key } => match key.parse() {
            Ok(key) => Ok(Change::Remove(key)),
            Err(cause) => Err(StateError::Key { key: key.clone(), cause }),
        },
    }
}

/// A record as a store kept it.
pub(super) fn read_record(key: &str, bytes: &[u8]) -> Result<Record, StateError> {
    Record::decode(bytes).map_err(|cause| StateError::Record { key: key.into(), cause })
}
