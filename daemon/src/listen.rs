//! Binding the daemon's own addresses, and saying plainly why that is not possible.

use std::{io, net::SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;
use tokio::net::TcpListener;

/// Connections that may wait to be taken.
const BACKLOG: i32 = 1024;

/// Why one of the daemon's own addresses is not bound.
#[derive(Debug, Error)]
#[error("listen on {addr}, the address of {what}{}", hint(.source))]
pub(crate) struct ListenError {
    /// What the address is for, with the setting's name.
    what: &'static str,
    addr: SocketAddr,
    source: io::Error,
}

/// Says why the address of `what` cannot be bound.
pub(crate) fn failed(what: &'static str, addr: SocketAddr, source: io::Error) -> ListenError {
    ListenError { what, addr, source }
}

/// Binds a TCP address. Must be called on a runtime.
pub(crate) fn tcp(what: &'static str, addr: SocketAddr) -> Result<TcpListener, ListenError> {
    bind(addr).map_err(|source| failed(what, addr, source))
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// What to do about it, where that is known.
fn hint(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            " (another process has it, perhaps another postern: stop that one, or choose another \
             port; port 0 takes a free one)"
        }
        io::ErrorKind::AddrNotAvailable => " (no network interface of this machine has it)",
        io::ErrorKind::PermissionDenied => " (ports below 1024 need CAP_NET_BIND_SERVICE)",
        _ => "",
    }
}
