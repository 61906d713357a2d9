//! Source addresses: where connections to targets come from.
//!
//! One address has at most some 64,000 ports to one target (28,232 by Linux's default), so an
//! operator may name several, which take turns. Without any, the kernel chooses the address. Does
//! not know which target is chosen, nor why.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    os::fd::{AsFd as _, OwnedFd},
};

use rustix::{
    io::Errno,
    net::{self, AddressFamily, SocketFlags, SocketType, ipproto, sockopt},
};

/// The addresses of one worker's connections, by family.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    ipv4: Box<[SocketAddr]>,
    ipv6: Box<[SocketAddr]>,
    turn: usize,
}

/// Why no connection was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// No file descriptor or memory.
    ResourcesExhausted,
    /// No source address has a port left for this target.
    PortsExhausted,
    /// The system refuses to connect.
    Refused,
}

impl Sources {
    /// Those of a configuration.
    pub(crate) fn new(addresses: &[IpAddr]) -> Self {
        let of = |is_ipv4: bool| {
            let of_family = addresses.iter().filter(|ip| ip.is_ipv4() == is_ipv4);
            of_family.map(|ip| SocketAddr::new(*ip, 0)).collect()
        };
        Self { ipv4: of(true), ipv6: of(false), turn: 0 }
    }

    /// Begins to connect; `lacked` hears of each address that has no port left.
    pub(crate) fn connect(
        &mut self,
        target: SocketAddr,
        mut lacked: impl FnMut(),
    ) -> Result<OwnedFd, NotBegun> {
        let sources = if target.is_ipv4() { &self.ipv4 } else { &self.ipv6 };
        if sources.is_empty() {
            let begun = begin(open(target)?, target);
            if matches!(begun, Err(NotBegun::PortsExhausted)) {
                lacked();
            }
            return begun;
        }
        self.turn = self.turn.wrapping_add(1);
        let mut failure = NotBegun::Refused;
        for at in 0..sources.len() {
            let source = sources[self.turn.wrapping_add(at) % sources.len()];
            let socket = open(target)?;
            if bind(&socket, source).is_err() {
                // The machine has lost the address since the start; another may be there.
                continue;
            }
            match begin(socket, target) {
                Err(NotBegun::PortsExhausted) => {
                    lacked();
                    failure = NotBegun::PortsExhausted;
                }
                other => return other,
            }
        }
        Err(failure)
    }
}

/// Checks that connections may come from an address.
pub(crate) fn check(source: IpAddr) -> io::Result<()> {
    let source = SocketAddr::new(source, 0);
    let flags = SocketFlags::CLOEXEC;
    let socket = net::socket_with(family(source), SocketType::STREAM, flags, Some(ipproto::TCP))?;
    bind(&socket, source)
}

fn family(addr: SocketAddr) -> AddressFamily {
    if addr.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 }
}

fn open(target: SocketAddr) -> Result<OwnedFd, NotBegun> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(family(target), SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    Ok(socket)
}

/// Binds to an address; the port is chosen with the target, so that it may serve other targets.
fn bind(socket: &OwnedFd, source: SocketAddr) -> io::Result<()> {
    sys::choose_port_at_connect(socket.as_fd())?;
    Ok(net::bind(socket, &source)?)
}

fn begin(socket: OwnedFd, target: SocketAddr) -> Result<OwnedFd, NotBegun> {
    match net::connect(&socket, &target) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(socket),
        Err(errno) => Err(errno.into()),
    }
}

impl From<Errno> for NotBegun {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM => Self::ResourcesExhausted,
            Errno::ADDRNOTAVAIL => Self::PortsExhausted,
            _ => Self::Refused,
        }
    }
}
