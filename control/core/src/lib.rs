//! The control plane's core: what is allowed, and what follows from it.
//!
//! [`mod@decide`](decide::decide) takes a [`Registry`], a [`Caller`], a [`Command`], a source of
//! numbers and the time, and answers with [events](event) or a [`Refusal`]; [`Registry::apply`]
//! takes an event, and cannot fail; [`mod@project`] turns a registry into the snapshot that the
//! planes serve. Nothing here reads a clock, a file or a socket, and nothing knows HTTP, XML or an
//! error code.
//!
//! Read [`resource`] (the things), [`command`] (what may be asked), [`transition`] (an endpoint's
//! states), then [`mod@decide`].

pub mod address;
pub mod caller;
mod catalog;
pub mod command;
pub mod decide;
pub mod describe;
pub mod draw;
pub mod event;
mod index;
pub mod outcome;
pub mod principal;
pub mod project;
pub mod quota;
pub mod record;
pub mod refusal;
pub mod registry;
pub mod resource;
pub mod settings;
pub mod tag;
pub mod throttle;
pub mod transition;

pub use caller::{Caller, Identity};
pub use command::Command;
pub use decide::{Chore, Decision, decide, decide_chore};
pub use draw::Draw;
pub use event::{Change, Event, EventKind};
pub use outcome::Outcome;
pub use principal::Principal;
pub use project::project;
pub use record::{Key, Record};
pub use refusal::Refusal;
pub use registry::Registry;
pub use resource::ResourceId;
pub use settings::{Settings, Zone, ZoneRef};
pub use tag::Tags;
