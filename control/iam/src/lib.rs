//! The IAM policy language: documents parsed once, requests evaluated against them.
//!
//! Relies on the IAM user guide's "Policy reference" for grammar, operators and evaluation order.
//! Pure: a request brings its own context, time included. Does not know which actions exist, who
//! has which policies attached, or how a refusal is told to the caller.
//!
//! Read [`request`] (what is asked), [`document`] (what a policy says), then [`mod@evaluate`].

pub mod condition;
pub mod document;
pub mod endpoint_policy;
pub mod evaluate;
mod glob;
mod json;
mod number;
pub mod pattern;
pub mod principal;
pub mod request;

pub use document::{Document, Effect, MalformedPolicy, Statement};
pub use evaluate::{Decision, admits_by_name, evaluate};
pub use principal::{Caller, CallerKind};
pub use request::{Context, Request};
