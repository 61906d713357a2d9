//! Raw system calls behind safe functions: the one crate with `unsafe`. Holds no policy.

pub mod datagram;
