//! `postern explain-dns`: asks a running gateway why a client gets the answer that it gets.
//!
//! The gateway explains; this is the question. Does not know DNS.

use std::net::{IpAddr, SocketAddr};

use clap::Args;

use crate::ask::Gateway;

/// Arguments of `explain-dns`.
#[derive(Debug, Args)]
pub(crate) struct ExplainDns {
    /// The name to ask for.
    name: String,
    /// The client's address.
    #[arg(long, value_name = "ADDRESS")]
    from: IpAddr,
    /// The type of record to ask for.
    #[arg(long = "type", value_name = "TYPE", default_value = "A")]
    rtype: String,
    /// The DNS address asked, where the gateway answers at several.
    #[arg(long, value_name = "ADDRESS:PORT")]
    at: Option<SocketAddr>,
    #[command(flatten)]
    gateway: Gateway,
}

impl ExplainDns {
    /// Asks and prints.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let parameters = [
            ("name", Some(self.name)),
            ("from", Some(self.from.to_string())),
            ("type", Some(self.rtype)),
            ("at", self.at.map(|at| at.to_string())),
        ];
        self.gateway.ask("/explain-dns", &parameters)
    }
}
