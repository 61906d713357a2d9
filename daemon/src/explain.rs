//! `postern explain`: asks a running gateway what would become of a connection.
//!
//! The gateway explains; this is the question. Does not know endpoints.

use std::net::IpAddr;

use clap::Args;

use crate::ask::Gateway;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The endpoint: its id, one of its DNS names or one of its addresses.
    endpoint: String,
    /// Who connects; without it, a program on the gateway's machine.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<IpAddr>,
    /// The port that is dialled; without it, every one that is listened on.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    #[command(flatten)]
    gateway: Gateway,
}

impl Explain {
    /// Asks and prints.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let parameters = [
            ("endpoint", Some(self.endpoint)),
            ("from", self.from.map(|from| from.to_string())),
            ("port", self.port.map(|port| port.to_string())),
        ];
        self.gateway.ask("/explain", &parameters)
    }
}
