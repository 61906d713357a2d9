//! The benches: a load tool with its own back end, and a comparison of Postern with other proxies.
//!
//! Read in this order: [`wire`] (what load and back end say to each other), [`backend`] and
//! [`client`] (the two ends), [`machine`] and [`process`] (what is read while they run), [`peer`]
//! (who is compared), [`round`] (in which order), [`gate`] (what must come out) and [`report`] (how
//! it is shown). [`control`] is a bench of its own, the API under load by [`api`], and so are
//! [`checks`] (health checks), [`dns`], [`tls`] and [`udp`]. Knows the proxies as programs only:
//! nothing here links a plane.

pub mod api;
pub mod backend;
pub mod checks;
pub mod client;
pub mod clock;
pub mod control;
pub mod dns;
pub mod gate;
pub mod idle;
pub mod machine;
pub mod measure;
pub mod peer;
pub mod process;
pub mod proxy_header;
pub mod report;
pub mod round;
pub mod source;
pub mod syscalls;
pub mod tls;
pub mod udp;
pub mod wire;
