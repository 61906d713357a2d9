//! Listening sockets on endpoint addresses: claiming an address, and one socket per worker.
//!
//! SO_REUSEPORT would let two owners share an address unseen, so it is claimed first by a socket
//! without it. Does not know who accepts.

use std::{io, net::SocketAddr, os::fd::AsFd as _};

use model::{BindFailureReason, EndpointAddr};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::{AddressMode, Config};

/// The kernel cuts it to `net.core.somaxconn`, 4096 by default.
const BACKLOG: i32 = 4096;

/// Headers without options, as a segment's size is counted (RFC 6691).
const IPV4_HEADER_BYTES: u16 = 20;
const IPV6_HEADER_BYTES: u16 = 40;
const TCP_HEADER_BYTES: u16 = 20;

/// Checks that nobody has the address and port, ourselves included. Port 0 checks the address
/// alone.
pub(crate) fn claim(addr: EndpointAddr, config: &Config) -> Result<(), BindFailureReason> {
    let claim = || socket(addr.0, config.addresses)?.bind(&SockAddr::from(addr.0));
    claim().map_err(|error| reason(&error))
}

/// Opens one listening socket per worker on a claimed address.
pub(crate) fn listen(
    addr: EndpointAddr,
    config: &Config,
) -> Result<Vec<Socket>, BindFailureReason> {
    let one = || {
        let socket = socket(addr.0, config.addresses)?;
        socket.set_reuse_port(true)?;
        // Accepted sockets inherit these two.
        socket.set_tcp_nodelay(true)?;
        if let Some(bytes) = config.packet_bytes_max {
            let headers = if addr.0.is_ipv4() { IPV4_HEADER_BYTES } else { IPV6_HEADER_BYTES };
            socket.set_tcp_mss(u32::from(bytes.saturating_sub(headers + TCP_HEADER_BYTES)))?;
        }
        if config.hash_sequence_number {
            sys::save_syn(socket.as_fd())?;
        }
        socket.bind(&SockAddr::from(addr.0))?;
        socket.listen(BACKLOG)?;
        Ok(socket)
    };
    let all: io::Result<_> = (0..config.workers.get()).map(|_| one()).collect();
    all.map_err(|error| reason(&error))
}

fn socket(addr: SocketAddr, mode: AddressMode) -> io::Result<Socket> {
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(addr), kind, Some(Protocol::TCP))?;
    // Connections of an earlier listener in TIME_WAIT do not stand in the way.
    socket.set_reuse_address(true)?;
    place_at(&socket, addr, mode)?;
    Ok(socket)
}

/// Makes a socket fit to be bound to an endpoint address of either family.
pub(crate) fn place_at(socket: &Socket, addr: SocketAddr, mode: AddressMode) -> io::Result<()> {
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    match (mode, addr) {
        (AddressMode::AsIs, _) => Ok(()),
        (AddressMode::Freebind, SocketAddr::V4(_)) => socket.set_freebind_v4(true),
        (AddressMode::Freebind, SocketAddr::V6(_)) => socket.set_freebind_v6(true),
    }
}

/// What an error of binding comes to.
pub(crate) fn reason(error: &io::Error) -> BindFailureReason {
    match Errno::from_io_error(error) {
        Some(Errno::ADDRNOTAVAIL) => BindFailureReason::AddressNotAvailable,
        Some(Errno::ADDRINUSE) => BindFailureReason::AddressInUse,
        Some(Errno::ACCESS | Errno::PERM) => BindFailureReason::PermissionDenied,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
            BindFailureReason::ResourcesExhausted
        }
        Some(other) => BindFailureReason::Other(other.raw_os_error()),
        None => BindFailureReason::Other(0),
    }
}
