//! How many connections each peer has: so that one cannot take them all. The table is as large as
//! there are connections, and whoever has none is not in it.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// The peers that have connections.
#[derive(Debug)]
pub(super) struct Peers {
    connections_max: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// The right to one connection; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Seat {
    peers: Arc<Peers>,
    peer: IpAddr,
}

impl Peers {
    pub(super) fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self { connections_max, open: Mutex::default() })
    }

    /// A seat for one more connection of a peer, if it may have one.
    pub(super) fn seat(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let peer = network(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.get(&peer).copied().unwrap_or_default();
        if count >= self.connections_max {
            return None;
        }
        open.insert(peer, count + 1);
        Some(Seat { peers: Arc::clone(self), peer })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.peers.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get(&self.peer).copied() {
            Some(count) if count > 1 => open.insert(self.peer, count - 1),
            _ => open.remove(&self.peer),
        };
    }
}

/// What counts as one peer: an IPv4 address, or the /64 that an IPv6 host chooses its addresses
/// from (RFC 4291 2.5.4).
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_has_as_many_seats_as_it_may_and_gets_them_back() {
        let peers = Peers::new(2);
        for same in [["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1"], ["fd::1", "fd::2", "fd::3"]] {
            let [one, other, third] = same.map(|peer| peer.parse().unwrap());
            let seats = [peers.seat(one), peers.seat(other)];
            assert!(seats.iter().all(Option::is_some));
            assert!(peers.seat(third).is_none());
            assert!(peers.seat("10.0.0.2".parse().unwrap()).is_some());
            drop(seats);
            assert!(peers.open.lock().unwrap().is_empty());
        }
    }
}
