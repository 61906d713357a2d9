//! The flow hash: what makes two packets one flow, and two flows spread.
//!
//! A Network Load Balancer hashes protocol, addresses, ports and the SYN's sequence number
//! (semantics 1.1); the function itself is not published, so ours is SipHash with a key of this
//! process. Does not know targets.

use std::{hash::Hasher as _, net::IpAddr};

use model::{ClientAddr, EndpointAddr};
use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// What identifies a TCP flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Who connects.
    pub client: ClientAddr,
    /// What was dialled.
    pub endpoint: EndpointAddr,
    /// The SYN's sequence number, if it was kept.
    pub sequence_number: Option<u32>,
}

/// The hash of a flow: two independent halves, one to choose a target group, one to choose a
/// target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowHash {
    /// For the choice among weighted target groups.
    pub group: u64,
    /// For the choice among targets.
    pub target: u64,
}

impl FlowHash {
    /// The hash of all flows of one client address, wherever they go: the choice among targets of a
    /// sticky group.
    pub fn of_client(self, client: ClientAddr, key: u128) -> Self {
        let mut hasher = SipHasher13::new_with_key(&key.to_le_bytes());
        write_ip(&mut hasher, client.ip());
        Self { target: hasher.finish128().h2, ..self }
    }
}

impl Flow {
    /// Hashes the flow.
    pub fn hash(&self, key: u128) -> FlowHash {
        let mut hasher = SipHasher13::new_with_key(&key.to_le_bytes());
        for addr in [self.client.0, self.endpoint.0] {
            write_ip(&mut hasher, addr.ip());
            hasher.write_u16(addr.port());
        }
        if let Some(number) = self.sequence_number {
            hasher.write_u32(number);
        }
        let hash = hasher.finish128();
        FlowHash { group: hash.h1, target: hash.h2 }
    }
}

fn write_ip(hasher: &mut SipHasher13, ip: IpAddr) {
    match ip.to_canonical() {
        IpAddr::V4(ip) => hasher.write(&ip.octets()),
        IpAddr::V6(ip) => hasher.write(&ip.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(client: &str, endpoint: &str, sequence_number: Option<u32>) -> Flow {
        Flow {
            client: ClientAddr(client.parse().unwrap()),
            endpoint: EndpointAddr(endpoint.parse().unwrap()),
            sequence_number,
        }
    }

    #[test]
    fn every_part_counts_and_the_key_too() {
        let base = flow("10.0.0.1:1000", "10.0.1.1:443", Some(7));
        assert_eq!(base.hash(1), flow("10.0.0.1:1000", "10.0.1.1:443", Some(7)).hash(1));
        for other in [
            flow("10.0.0.2:1000", "10.0.1.1:443", Some(7)),
            flow("10.0.0.1:1001", "10.0.1.1:443", Some(7)),
            flow("10.0.0.1:1000", "10.0.1.2:443", Some(7)),
            flow("10.0.0.1:1000", "10.0.1.1:444", Some(7)),
            flow("10.0.0.1:1000", "10.0.1.1:443", Some(8)),
            flow("10.0.0.1:1000", "10.0.1.1:443", None),
        ] {
            assert_ne!(base.hash(1), other.hash(1), "{other:?}");
        }
        assert_ne!(base.hash(1), base.hash(2));
    }

    #[test]
    fn an_ipv4_client_is_the_same_on_a_dual_stack_socket() {
        let mapped = flow("[::ffff:10.0.0.1]:1000", "[::ffff:10.0.1.1]:443", None);
        assert_eq!(mapped.hash(1), flow("10.0.0.1:1000", "10.0.1.1:443", None).hash(1));
    }

    #[test]
    fn of_a_client_only_the_address_counts_for_the_target() {
        let base = flow("10.0.0.1:1000", "10.0.1.1:443", Some(7));
        let sticky = |flow: Flow, key| flow.hash(1).of_client(flow.client, key);
        let mapped = flow("[::ffff:10.0.0.1]:1000", "10.0.1.1:443", None);
        for other in [
            flow("10.0.0.1:1001", "10.0.1.1:443", Some(7)),
            flow("10.0.0.1:1000", "10.9.1.2:80", None),
            mapped,
        ] {
            assert_eq!(sticky(base, 1).target, sticky(other, 1).target, "{other:?}");
        }
        assert_eq!(sticky(base, 1).group, base.hash(1).group);
        let other = flow("10.0.0.2:1000", "10.0.1.1:443", Some(7));
        assert_ne!(sticky(base, 1).target, sticky(other, 1).target);
        assert_ne!(sticky(base, 1).target, sticky(base, 2).target);
    }
}
