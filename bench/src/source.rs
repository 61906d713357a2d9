//! Client sockets whose sources are spread over 127.0.0.0/8.
//!
//! Every connection gets a source address of its own, of some eight million. So the kernel finds a
//! free port at its first try without `IP_BIND_ADDRESS_NO_PORT` (which no safe crate offers), a
//! run is not bounded by one address's 28,000 ports, and connections in TIME_WAIT are in nobody's
//! way. Proxies that spread load by client see many clients.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    time::Duration,
};

use mio::net::TcpStream;
use socket2::{Domain, SockRef, Socket, Type};

/// The first source: listeners of peers and back ends are below it.
const FIRST: u32 = 0x7f40_0000;
/// How many there are: 127.64.0.0 to 127.191.255.255.
const COUNT: u32 = 0x0080_0000;

/// Hands out source addresses, one after the other.
#[derive(Clone, Debug)]
pub struct Sources {
    next: u32,
}

impl Sources {
    /// Starts somewhere; two processes with different seeds hardly meet.
    pub fn seeded(seed: u32) -> Self {
        Self { next: seed.wrapping_mul(0x9e37_79b1) % COUNT }
    }

    /// The next address. It comes again after eight million others.
    pub fn draw(&mut self) -> Ipv4Addr {
        self.next = (self.next + 1) % COUNT;
        Ipv4Addr::from_bits(FIRST + self.next)
    }

    /// Starts a connection from the next address; it is complete when the stream is writable.
    pub fn connect(&mut self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM.nonblocking(), None)?;
        socket.set_tcp_nodelay(true)?;
        if to.ip().is_loopback() && to.is_ipv4() {
            socket.bind(&SocketAddrV4::new(self.draw(), 0).into())?;
        }
        match socket.connect(&to.into()) {
            Ok(()) => {}
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(e) => return Err(e),
        }
        Ok(TcpStream::from_std(socket.into()))
    }
}

/// Closes with a reset, which leaves no TIME_WAIT.
pub fn reset(stream: TcpStream) -> io::Result<()> {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_loopback_and_do_not_repeat_soon() {
        let mut sources = Sources::seeded(u32::MAX);
        let drawn: std::collections::BTreeSet<_> = (0..1000).map(|_| sources.draw()).collect();
        assert_eq!(drawn.len(), 1000);
        assert!(drawn.iter().all(Ipv4Addr::is_loopback));
    }
}
