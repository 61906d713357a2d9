//! UDP sockets: on endpoint addresses, one per worker, and one for each flow towards its target.
//!
//! The kernel gives all datagrams of one client and address to one of the workers' sockets. Does
//! not know what is received.

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd as _, OwnedFd},
};

use model::{BindFailureReason, EndpointAddr};
use rustix::{
    io::Errno,
    net::{self, AddressFamily, SocketFlags, SocketType, ipproto},
};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::{
    Config,
    listener::{place_at, reason},
};

/// Asked of the kernel for datagrams that wait for a worker, or for the network: what arrives
/// during a worker's turn. It gives what `net.core.rmem_max` and `wmem_max` allow.
const BUFFER_BYTES: usize = 4 << 20;

/// Checks that nobody has the address and port, ourselves included.
pub(crate) fn claim(addr: EndpointAddr, config: &Config) -> Result<(), BindFailureReason> {
    let claim = || socket(addr.0, config)?.bind(&SockAddr::from(addr.0));
    claim().map_err(|error| reason(&error))
}

/// Opens one socket per worker on a claimed address.
pub(crate) fn listen(
    addr: EndpointAddr,
    config: &Config,
) -> Result<Vec<Socket>, BindFailureReason> {
    let one = || {
        let socket = socket(addr.0, config)?;
        socket.set_reuse_port(true)?;
        socket.set_recv_buffer_size(BUFFER_BYTES)?;
        socket.set_send_buffer_size(BUFFER_BYTES)?;
        // A kernel that can't gives every datagram for itself.
        let _ = sys::packets::join_received(socket.as_fd());
        socket.bind(&SockAddr::from(addr.0))?;
        Ok(socket)
    };
    let all: io::Result<_> = (0..config.workers.get()).map(|_| one()).collect();
    all.map_err(|error| reason(&error))
}

fn socket(addr: SocketAddr, config: &Config) -> io::Result<Socket> {
    let kind = Type::DGRAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(addr), kind, Some(Protocol::UDP))?;
    place_at(&socket, addr, config.addresses)?;
    Ok(socket)
}

/// Opens a socket with a port of its own that hears of one target alone.
pub(crate) fn connect(target: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = if target.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(family, SocketType::DGRAM, flags, Some(ipproto::UDP))?;
    net::connect(&socket, &target)?;
    Ok(socket)
}

/// Whether a socket could not be had for want of something of ours, which another target would want
/// as well. The kernel says EAGAIN when all ports are taken.
pub(crate) fn is_exhausted(errno: Errno) -> bool {
    let ours = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOBUFS,
        Errno::NOMEM,
        Errno::AGAIN,
        Errno::ADDRINUSE,
        Errno::ADDRNOTAVAIL,
    ];
    ours.contains(&errno)
}

/// Whether an error says that the target takes no datagrams: what an ICMP message told about an
/// earlier one (port or protocol unreachable), or that no way leads there.
pub(crate) fn is_refusal(errno: Errno) -> bool {
    let theirs = [
        Errno::CONNREFUSED,
        Errno::HOSTUNREACH,
        Errno::NETUNREACH,
        Errno::NOPROTOOPT,
        Errno::HOSTDOWN,
        Errno::NETDOWN,
    ];
    theirs.contains(&errno)
}
