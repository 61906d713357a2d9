//! Which network a client is in, by the longest prefix that holds its address.
//!
//! IPv4 is treated as the IPv6 that it maps to, so a client is the same one whether a socket of
//! either family hears it. Networks may overlap, since tenants choose their addresses: of a prefix
//! that two networks have, nobody can say whose client it is. Does not know what a network sees.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, Ipv6Addr},
};

use ipnet::IpNet;

use crate::name::NameHash;

/// What an IPv4 prefix is longer as IPv6 (RFC 4291 2.5.5.2).
const MAPPED_LEN: u8 = 96;

/// Prefixes and whose they are.
#[derive(Clone, Debug)]
pub(crate) struct Networks<T> {
    /// By length and first address; none if it is more than one's.
    owners: HashMap<(u8, u128), Option<T>, NameHash>,
    /// The lengths that there are, longest first.
    lengths: Vec<u8>,
}

impl<T: Copy + PartialEq> Networks<T> {
    /// The table of these prefixes. Where someone has `settled` whose a prefix is, that counts.
    pub(crate) fn new(
        prefixes: impl IntoIterator<Item = (IpNet, T)>,
        settled: impl IntoIterator<Item = (IpNet, T)>,
    ) -> Self {
        let mut owners = owners(prefixes);
        owners.extend(self::owners(settled));
        let lengths: BTreeSet<u8> = owners.keys().map(|(len, _)| *len).collect();
        Self { owners, lengths: lengths.into_iter().rev().collect() }
    }

    /// Whose network an address is in, if that can be said.
    pub(crate) fn owner_of(&self, address: IpAddr) -> Option<T> {
        let (_, owner) = self.longest(address)?;
        owner
    }

    /// The longest prefix that holds an address, and whose it is, if that can be said.
    pub(crate) fn prefix_of(&self, address: IpAddr) -> Option<(IpNet, Option<T>)> {
        let (len, owner) = self.longest(address)?;
        let is_ipv4 = address.to_canonical().is_ipv4() && len >= MAPPED_LEN;
        let (address, len) = match address.to_canonical() {
            IpAddr::V4(address) if is_ipv4 => (address.into(), len - MAPPED_LEN),
            _ => (IpAddr::from(Ipv6Addr::from_bits(mapped(address))), len),
        };
        Some((IpNet::new(address, len).ok()?.trunc(), owner))
    }

    fn longest(&self, address: IpAddr) -> Option<(u8, Option<T>)> {
        let bits = mapped(address);
        self.lengths
            .iter()
            .find_map(|len| Some((*len, *self.owners.get(&(*len, masked(bits, *len)))?)))
    }
}

/// Whose each prefix is, by length and first address.
fn owners<T: Copy + PartialEq>(
    prefixes: impl IntoIterator<Item = (IpNet, T)>,
) -> HashMap<(u8, u128), Option<T>, NameHash> {
    let mut owners = HashMap::default();
    for (prefix, owner) in prefixes {
        let len = prefix.prefix_len() + if prefix.addr().is_ipv4() { MAPPED_LEN } else { 0 };
        let key = (len, masked(mapped(prefix.addr()), len));
        let entry = owners.entry(key).or_insert(Some(owner));
        if *entry != Some(owner) {
            *entry = None;
        }
    }
    owners
}

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

fn masked(bits: u128, len: u8) -> u128 {
    bits & u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides_unless_it_is_two_networks() {
        let networks = Networks::new(
            [
                ("10.0.0.0/8", 1),
                ("10.1.0.0/16", 2),
                ("10.1.2.3/32", 3),
                ("192.168.0.0/16", 4),
                ("192.168.0.0/16", 5),
                ("192.168.7.0/24", 5),
                ("fd00::/8", 6),
                ("fd00:1::/64", 7),
                ("fd00:1::/64", 7),
            ]
            .map(|(prefix, owner)| (prefix.parse().unwrap(), owner)),
            [("192.168.128.0/17".parse().unwrap(), 8), ("192.168.7.0/24".parse().unwrap(), 4)],
        );
        for (address, owner) in [
            ("10.9.9.9", Some(1)),
            ("10.1.2.2", Some(2)),
            ("10.1.2.3", Some(3)),
            ("::ffff:10.1.2.3", Some(3)),
            ("11.0.0.0", None),
            ("192.168.1.1", None),
            ("192.168.7.255", Some(4)),
            ("192.168.200.1", Some(8)),
            ("fdff::1", Some(6)),
            ("fd00:1::1", Some(7)),
            ("fd00:1:0:1::1", Some(6)),
            ("::1", None),
        ] {
            assert_eq!(networks.owner_of(address.parse().unwrap()), owner, "{address}");
        }
        for (address, prefix) in [
            ("10.9.9.9", "10.0.0.0/8"),
            ("::ffff:10.1.2.3", "10.1.2.3/32"),
            ("192.168.1.1", "192.168.0.0/16"),
            ("fd00:1::1", "fd00:1::/64"),
        ] {
            let found = networks.prefix_of(address.parse().unwrap()).unwrap().0;
            assert_eq!(found.to_string(), prefix, "{address}");
        }
    }

    #[test]
    fn a_default_route_holds_everyone() {
        let networks = Networks::new([("::/0".parse().unwrap(), 1)], []);
        assert_eq!(networks.owner_of("192.0.2.1".parse().unwrap()), Some(1));
    }
}
