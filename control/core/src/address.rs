//! Which addresses of a subnet may be given, and to whom next.
//!
//! The first four and the last address of a subnet are reserved (VPC user guide, "Subnet sizing"):
//! network, router, resolver, future use; broadcast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::draw::Draw;

/// Reserved at the start of a subnet.
pub const RESERVED_FIRST: u32 = 4;
/// Reserved at the end of a subnet.
pub const RESERVED_LAST: u32 = 1;

/// How many addresses of a subnet can be given.
pub fn usable_count(cidr: Ipv4Net) -> usize {
    let (first, last) = usable(cidr);
    usize::try_from(u64::from(last) + 1 - u64::from(first)).unwrap_or(0)
}

/// Whether an address of a subnet is reserved.
pub fn is_reserved(cidr: Ipv4Net, address: Ipv4Addr) -> bool {
    let (first, last) = usable(cidr);
    !(first..=last).contains(&u32::from(address))
}

/// The same for IPv6.
pub fn is_reserved_6(cidr: Ipv6Net, address: Ipv6Addr) -> bool {
    let (first, last) = usable_6(cidr);
    !(first..=last).contains(&u128::from(address))
}

/// Draws an IPv6 address that is not taken: the first free one from a drawn place on, around the
/// end. Subnets have more addresses than there can be interfaces.
pub(crate) fn draw_free_6(
    cidr: Ipv6Net,
    is_taken: impl Fn(IpAddr) -> bool,
    draw: &mut dyn Draw,
) -> Ipv6Addr {
    let (first, last) = usable_6(cidr);
    let mut at = first + draw.wide() % (last - first);
    while is_taken(IpAddr::V6(at.into())) {
        at = if at == last { first } else { at + 1 };
    }
    at.into()
}

/// Draws an address that is not taken: the first free one from a drawn place on, around the end.
/// `taken` is in ascending order, reserved ones not among them.
pub(crate) fn draw_free(
    cidr: Ipv4Net,
    taken: impl Iterator<Item = Ipv4Addr>,
    draw: &mut dyn Draw,
) -> Option<Ipv4Addr> {
    let (first, last) = usable(cidr);
    let count = last.checked_sub(first)?.checked_add(1)?;
    let start = first + draw.below(count);
    // One pass: the first gap at or after the start, and the first gap of all for going around.
    let (mut from_start, mut from_first) = (start, first);
    for address in taken.map(u32::from) {
        if address == from_start {
            from_start += 1;
        }
        if address == from_first {
            from_first += 1;
        }
    }
    let free = if from_start <= last { from_start } else { from_first };
    (free <= last).then(|| free.into())
}

/// The first and the last address that can be given.
fn usable(cidr: Ipv4Net) -> (u32, u32) {
    let first = u32::from(cidr.network()).saturating_add(RESERVED_FIRST);
    let last = u32::from(cidr.broadcast()).saturating_sub(RESERVED_LAST);
    (first, last)
}

/// The first and the last address of an IPv6 subnet that can be given.
fn usable_6(cidr: Ipv6Net) -> (u128, u128) {
    let first = u128::from(cidr.network()).saturating_add(RESERVED_FIRST.into());
    let last = u128::from(cidr.broadcast()).saturating_sub(RESERVED_LAST.into());
    (first, last)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    struct Always(u64);

    impl Draw for Always {
        fn bits(&mut self) -> u64 {
            self.0
        }
    }

    #[test]
    fn first_four_and_last_are_reserved() {
        let rows = [
            ("10.0.0.0/28", "10.0.0.0", true),
            ("10.0.0.0/28", "10.0.0.3", true),
            ("10.0.0.0/28", "10.0.0.4", false),
            ("10.0.0.0/28", "10.0.0.14", false),
            ("10.0.0.0/28", "10.0.0.15", true),
            ("10.0.0.16/28", "10.0.0.19", true),
            ("10.0.0.16/28", "10.0.0.20", false),
            ("127.0.0.0/16", "127.0.255.254", false),
            ("127.0.0.0/16", "127.0.255.255", true),
            ("255.255.0.0/16", "255.255.255.254", false),
        ];
        for (cidr, address, reserved) in rows {
            let is = is_reserved(cidr.parse().unwrap(), address.parse().unwrap());
            assert_eq!(is, reserved, "{address} of {cidr}");
        }
        assert_eq!(usable_count("10.0.0.0/28".parse().unwrap()), 11);
        assert_eq!(usable_count("10.0.0.0/24".parse().unwrap()), 251);
    }

    #[test]
    fn ipv6_addresses_go_around_the_end_and_leave_out_reserved_ones() {
        let cidr: Ipv6Net = "2001:db8::/64".parse().unwrap();
        for (address, reserved) in [
            ("2001:db8::3", true),
            ("2001:db8::4", false),
            ("2001:db8::ffff:ffff:ffff:fffe", false),
            ("2001:db8::ffff:ffff:ffff:ffff", true),
        ] {
            assert_eq!(is_reserved_6(cidr, address.parse().unwrap()), reserved, "{address}");
        }
        let small: Ipv6Net = "2001:db8::/124".parse().unwrap();
        let mut taken = BTreeSet::new();
        for _ in 0..11 {
            let drawn = draw_free_6(small, |ip| taken.contains(&ip), &mut Always(5));
            assert!(small.contains(&drawn) && !is_reserved_6(small, drawn), "{drawn}");
            assert!(taken.insert(IpAddr::V6(drawn)));
        }
    }

    proptest! {
        #[test]
        fn every_address_is_given_once_and_none_is_reserved(seed: u64, prefix in 24_u8..=28) {
            let cidr = Ipv4Net::new([10, 1, 2, 0].into(), prefix).unwrap();
            let mut taken = BTreeSet::new();
            for round in 0..usable_count(cidr) {
                let mut draw = Always(seed.wrapping_mul(round as u64 + 1));
                let address = draw_free(cidr, taken.iter().copied(), &mut draw).unwrap();
                prop_assert!(cidr.contains(&address) && !is_reserved(cidr, address));
                prop_assert!(taken.insert(address));
            }
            prop_assert_eq!(draw_free(cidr, taken.into_iter(), &mut Always(seed)), None);
        }
    }
}
