//! The table `limits`: what callers of the API may use of it.

use std::time::Duration;

use super::{
    kind::{Span, Switch, Whole},
    reader::Table,
};

/// What callers of the API may use of it; none leaves a default of the control plane.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// Whether calls are not counted at all.
    pub(crate) is_unthrottled: bool,
    /// Operations that change nothing.
    pub(crate) reads: Rate,
    /// All others.
    pub(crate) changes: Rate,
    /// Connections of one address.
    pub(crate) connections_per_peer: Option<usize>,
    /// How long the head of a request may take.
    pub(crate) head_timeout: Option<Duration>,
    /// How long its body may take.
    pub(crate) body_timeout: Option<Duration>,
    /// How long a connection may wait for its next request.
    pub(crate) keep_alive: Option<Duration>,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    /// Its size.
    pub(crate) burst: Option<u32>,
    /// How fast it fills.
    pub(crate) per_second: Option<u32>,
}

/// Beyond that a limit is none.
const RATE: Whole = Whole { min: 1, max: 1_000_000 };

pub(super) fn read(root: &mut Table<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(mut table) = root.table("limits") else { return limits };
    limits.is_unthrottled = !table.optional("throttle", &Switch).unwrap_or(true);
    limits.reads = read_rate(&mut table, "reads");
    limits.changes = read_rate(&mut table, "changes");
    // As many as the API takes in all.
    limits.connections_per_peer =
        table.optional("connections_per_peer", &Whole { min: 1, max: 512 });
    let waits = Span { min: "10ms", max: "1h" };
    limits.head_timeout = table.optional("head_timeout", &waits);
    limits.body_timeout = table.optional("body_timeout", &waits);
    limits.keep_alive = table.optional("keep_alive", &waits);
    table.finish();
    limits
}

fn read_rate(limits: &mut Table<'_>, key: &'static str) -> Rate {
    let Some(mut table) = limits.table(key) else { return Rate::default() };
    let rate = Rate {
        burst: table.optional("burst", &RATE),
        per_second: table.optional("per_second", &RATE),
    };
    table.finish();
    rate
}
