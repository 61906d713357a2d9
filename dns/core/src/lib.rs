//! The DNS plane's core: zones and answers, without sockets, clocks or randomness.
//!
//! Read in this order: `endpoint_zone` turns a snapshot and health into the endpoints' zone,
//! `master` turns text into others, and `catalog` puts together what each network sees of them.
//! [`answer()`] turns a question's bytes and a client's [`View`] into the reply's bytes; `search`
//! follows the names, and `affinity` keeps clients in their zone. Below them `zone` and `island`
//! know which names exist, `record` and `rotation` how records are laid out, `query` and `reply`
//! the two messages, `name` and `wire` their letters. [`Terms`] are what an operator settles:
//! `identity` says who answers, `cookie` and `limiter` who gets how much.

mod affinity;
mod answer;
mod catalog;
mod cookie;
mod endpoint_zone;
pub mod explain;
mod identity;
mod island;
mod limiter;
mod master;
mod name;
mod negative;
mod network;
mod node;
mod outcome;
mod own_names;
mod query;
mod record;
mod reply;
mod reverse;
mod rotation;
mod search;
mod table;
mod terms;
mod tree;
mod view;
mod wire;
mod zone;
mod zone_builder;
mod zone_health;

pub use answer::{aliases, answer, answer_on, answer_shortly, complete};
pub use catalog::{Catalog, CatalogBuilder, Place};
pub use cookie::CookieSecret;
pub use endpoint_zone::TTL_S;
pub use identity::{CHAOS_LEN_MAX, Identity, NSID_LEN_MAX};
pub use limiter::{Limiter, Prefixes, Rate};
pub use master::{Fault, Problem, StaticZone, read_zone};
pub use name::Name;
pub use outcome::{Answer, Outcome, Transport};
pub use terms::{Cookie, Terms};
pub use view::{ForwardPlan, Owner, View};
pub use wire::{RecordType, TCP_LEN_MAX, UDP_LEN_MAX};
