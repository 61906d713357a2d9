//! DNS over TLS (RFC 7858): where, and with what. Does not know where certificates come from, nor
//! when they change: whoever gives the configuration has it ask for the present one.

use std::{fmt, net::SocketAddr, sync::Arc};

use tokio_rustls::rustls::ServerConfig;

/// Where to answer over TLS.
#[derive(Clone)]
pub struct Tls {
    /// The address; port 0 chooses one.
    pub listen: SocketAddr,
    /// What shakes hands.
    pub config: Arc<ServerConfig>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("listen", &self.listen).finish_non_exhaustive()
    }
}
