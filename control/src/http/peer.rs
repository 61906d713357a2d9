//! How many connections each peer has: so that a few cannot take them all. The table is as large as
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
    per_peer_max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// The right to one connection; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Seat {
    peers: Arc<Peers>,
    peer: IpAddr,
}

impl Peers {
    /// Has this many seats in all, and at most so many for each peer.
    pub(super) fn new(connections_max: usize, per_peer_max: usize) -> Arc<Self> {
        Arc::new(Self { connections_max, per_peer_max, open: Mutex::default() })
    }

    /// A seat for one more connection of a peer, if it may have one: as long as it has fewer than
    /// are free. So one peer gets half of all, two get a third each, and whoever comes next still
    /// finds as many free as each of them has.
    pub(super) fn seat(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let peer = network(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.by_peer.get(&peer).copied().unwrap_or_default();
        let free = self.connections_max.saturating_sub(open.all);
        if count >= self.per_peer_max || count >= free {
            return None;
        }
        open.all += 1;
        open.by_peer.insert(peer, count + 1);
        Some(Seat { peers: Arc::clone(self), peer })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.peers.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        match open.by_peer.get(&self.peer).copied() {
            Some(count) if count > 1 => open.by_peer.insert(self.peer, count - 1),
            _ => open.by_peer.remove(&self.peer),
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
        let peers = Peers::new(512, 2);
        for same in [["10.0.0.1", "::ffff:10.0.0.1", "10.0.0.1"], ["fd::1", "fd::2", "fd::3"]] {
            let [one, other, third] = same.map(|peer| peer.parse().unwrap());
            let seats = [peers.seat(one), peers.seat(other)];
            assert!(seats.iter().all(Option::is_some));
            assert!(peers.seat(third).is_none());
            assert!(peers.seat("10.0.0.2".parse().unwrap()).is_some());
            drop(seats);
            let open = peers.open.lock().unwrap();
            assert!(open.all == 0 && open.by_peer.is_empty());
        }
    }

    #[test]
    fn whoever_comes_next_finds_a_fair_share() {
        let peers = Peers::new(512, 512);
        let mut seats = Vec::new();
        for (peer, expected) in [(1, 256), (2, 128), (3, 64), (1, 0), (2, 0), (4, 32)] {
            let before = seats.len();
            let peer = IpAddr::from([10, 0, 0, peer]);
            seats.extend(std::iter::from_fn(|| peers.seat(peer)));
            assert_eq!(seats.len() - before, expected, "{peer}");
        }
        // Two that come together get the same.
        seats.clear();
        let both = [1, 2].map(|peer| IpAddr::from([10, 0, 0, peer]));
        loop {
            let more: Vec<_> = both.iter().filter_map(|peer| peers.seat(*peer)).collect();
            if more.is_empty() {
                break;
            }
            seats.extend(more);
        }
        assert!((340..=342).contains(&seats.len()), "{}", seats.len());
        assert!(peers.seat([10, 0, 0, 3].into()).is_some());
    }
}
