//! Keepalives of our own: one side's do not reach the other where TLS is terminated.
//!
//! As a Network Load Balancer does on TLS listeners, both sides are sent one every 20 s from when
//! either has sent some (semantics 1.5). A connection that its ends keep alive so lives as long as
//! both answer. Does not know how one is noticed.

use std::{os::fd::AsFd, time::Duration};

use rustix::{io::Errno, net::sockopt};

/// Between two keepalives, and before the first (semantics 1.5).
const EVERY: Duration = Duration::from_secs(20);

/// Has the kernel send keepalives on a socket.
pub(crate) fn keep_alive(socket: impl AsFd) -> Result<(), Errno> {
    sockopt::set_tcp_keepidle(&socket, EVERY)?;
    sockopt::set_tcp_keepintvl(&socket, EVERY)?;
    sockopt::set_socket_keepalive(&socket, true)
}

#[cfg(test)]
mod tests {
    use rustix::net::{AddressFamily, SocketType, socket};

    use super::*;

    #[test]
    fn keepalives_are_sent_every_20_seconds() {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        keep_alive(&socket).unwrap();
        assert!(sockopt::socket_keepalive(&socket).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&socket).unwrap(), Duration::from_secs(20));
        assert_eq!(sockopt::tcp_keepintvl(&socket).unwrap(), Duration::from_secs(20));
    }
}
