//! Binding: one address for UDP and TCP, claimed before it is shared among workers.
//!
//! The first UDP socket is bound without SO_REUSEPORT, so that it fails if anyone else has the
//! port, and gets the option only then; the workers' other sockets then join it. There is no
//! moment in which another process could slip in. Does not know what is served.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    num::NonZeroUsize,
    os::fd::AsFd as _,
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::server::StartError;

/// How many ports are tried when any port will do but has to be free for both UDP and TCP.
const PORT_TRIES_MAX: u32 = 32;
/// Receive buffer asked for, in bytes: about 5,000 questions, so that a burst survives the time a
/// worker is not scheduled. The system may grant less.
const RECEIVE_BUFFER_LEN: usize = 4 << 20;
/// TCP connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// The sockets of one address.
pub(crate) struct Bound {
    /// One per worker.
    pub(crate) udp: Vec<Socket>,
    pub(crate) tcp: TcpListener,
    pub(crate) addr: SocketAddr,
}

/// Binds an address; port 0 chooses one.
pub(crate) fn bind(addr: SocketAddr, workers: NonZeroUsize) -> Result<Bound, StartError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match bind_once(addr, workers) {
            Err(StartError::Bind { source, .. })
                if addr.port() == 0
                    && tries < PORT_TRIES_MAX
                    && source.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
}

/// Binds an address for TCP alone.
#[cfg(feature = "dot")]
pub(crate) fn bind_stream(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |source| StartError::Bind { addr, protocol: "TCP", source };
    let listener = bind_tcp(addr).map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;
    Ok((listener, addr))
}

fn bind_once(addr: SocketAddr, workers: NonZeroUsize) -> Result<Bound, StartError> {
    let refused = |protocol| move |source| StartError::Bind { addr, protocol, source };
    let (claim, addr) = claim_udp(addr).map_err(refused("UDP"))?;
    let mut udp = vec![claim];
    for _ in 1..workers.get() {
        udp.push(join_udp(addr).map_err(refused("UDP"))?);
    }
    let tcp = bind_tcp(addr).map_err(refused("TCP"))?;
    Ok(Bound { udp, tcp, addr })
}

/// Binds a UDP socket that nobody shares, and only then lets our other workers share it.
fn claim_udp(addr: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    let socket = udp(addr)?;
    socket.bind(&addr.into())?;
    socket.set_reuse_port(true)?;
    let addr = socket.local_addr()?.as_socket().unwrap_or(addr);
    Ok((socket, addr))
}

fn join_udp(addr: SocketAddr) -> io::Result<Socket> {
    let socket = udp(addr)?;
    socket.set_reuse_port(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}

fn udp(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    accept_both_families(&socket, addr)?;
    if addr.ip().is_unspecified() {
        // What is bound to an address answers from it; only where it could be any has each
        // datagram to say which.
        sys::datagram::tell_local_addresses(socket.as_fd(), addr.is_ipv6())?;
    }
    socket.set_recv_buffer_size(RECEIVE_BUFFER_LEN)?;
    Ok(socket)
}

fn bind_tcp(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    accept_both_families(&socket, addr)?;
    // Lets a restart bind while connections of the last run are in TIME_WAIT; a second listener is
    // still refused.
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// `[::]` means every address of both families, whatever the system's default is.
fn accept_both_families(socket: &Socket, addr: SocketAddr) -> io::Result<()> {
    if addr.is_ipv6() { socket.set_only_v6(!addr.ip().is_unspecified()) } else { Ok(()) }
}
