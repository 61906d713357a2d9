//! The DNS plane's core: zones and answers, without sockets, clocks or randomness.
//!
//! Read in this order: [`endpoint_zone`] turns a snapshot and health into a [`Catalog`];
//! [`answer()`] turns a question's bytes and a client's [`View`] of it into the reply's bytes.
//! Below them `zone` knows which names exist, `record` and `rotation` how records are laid out,
//! `query` and `reply` the two messages, `name` and `wire` their letters.

mod answer;
mod endpoint_zone;
mod master;
mod name;
mod negative;
mod query;
mod record;
mod reply;
mod rotation;
mod view;
mod wire;
mod zone;
mod zone_builder;

pub use answer::{Answer, Outcome, Transport, answer};
pub use endpoint_zone::{CatalogBuilder, TTL_S};
pub use master::{Fault, Problem, StaticZone, read_zone};
pub use name::Name;
pub use view::{Catalog, View};
pub use wire::{RecordType, TCP_LEN_MAX, UDP_LEN_MAX};
