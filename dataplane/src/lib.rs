//! The data plane: listeners on endpoint addresses, connections to targets, bytes between them.
//!
//! Relies on [`dataplane_core`] for every decision and on [`model`] for what is to be served. Fed
//! by snapshots, reports [`model::Health`]; does not know who makes the one or reads the other.

mod access;
mod config;
mod connect;
mod director;
mod limit;
mod listener;
mod metrics;
mod plane;
mod probe;
mod relay;
mod route;
mod session;
mod source;
mod tls;
mod udp;
mod worker;

pub use config::{AddressMode, Config, IdleEnd, UdpProxyHeader};
pub use dataplane_core::proxy_header::Padding;
pub use plane::{Plane, StartError};
pub use tls::{
    certificate::{Certificate, Certificates, CertificatesByArn},
    originate::{Authorities, AuthoritiesError, TargetName, TargetTls},
};
