//! Admission: whether a source may open a connection to a listener.
//!
//! Rules are compiled once per listener into sorted ranges that do not touch, so that asking is one
//! binary search without allocation. Does not know security groups, only what they came to.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::IpNet;
use model::{Inbound, InboundRules, LoadBalancerId, Protocol, VpcEndpointId};

use crate::reason::Refusal;

/// The sources that may dial one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    ipv4: Box<[(u32, u32)]>,
    ipv6: Box<[(u128, u128)]>,
}

impl Sources {
    /// The sources that the rules allow to dial a port.
    pub fn of(rules: &InboundRules, protocol: Protocol, port: u16) -> Self {
        let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
        for source in rules.sources(protocol, port) {
            match source {
                IpNet::V4(net) => ipv4.push((net.network().into(), net.broadcast().into())),
                IpNet::V6(net) => ipv6.push((net.network().into(), net.broadcast().into())),
            }
        }
        let after4 = |last: u32| last.checked_add(1);
        let after6 = |last: u128| last.checked_add(1);
        Self { ipv4: merged(ipv4, after4).into(), ipv6: merged(ipv6, after6).into() }
    }

    /// Whether a source is among them. An IPv4 source is the same on a dual-stack socket.
    pub fn contain(&self, source: IpAddr) -> bool {
        match source.to_canonical() {
            IpAddr::V4(ip) => holds(&self.ipv4, Ipv4Addr::into(ip)),
            IpAddr::V6(ip) => holds(&self.ipv6, Ipv6Addr::into(ip)),
        }
    }
}

/// Who may open connections to one listener of one endpoint interface.
#[derive(Clone, Debug, Default)]
pub struct Admission {
    /// Whom the endpoint's groups admit; none means everybody.
    pub endpoint: Option<Arc<Sources>>,
    /// Whom the load balancer's groups admit; none means everybody.
    pub load_balancer: Option<Arc<Sources>>,
}

impl Admission {
    /// What the rules for a listener of an endpoint and of a load balancer come to; `table` makes
    /// or finds the sources of one set of rules.
    pub fn of<'r>(
        rules: &'r Inbound,
        endpoint: VpcEndpointId,
        load_balancer: LoadBalancerId,
        mut table: impl FnMut(&'r Arc<InboundRules>) -> Arc<Sources>,
    ) -> Self {
        Self {
            endpoint: rules.endpoints.get(&endpoint).map(&mut table),
            load_balancer: rules.load_balancers.get(&load_balancer).map(&mut table),
        }
    }

    /// Whether a source is admitted, by the endpoint first.
    pub fn decide(&self, source: IpAddr) -> Result<(), Refusal> {
        let admits = |sources: &Option<Arc<Sources>>| {
            sources.as_ref().is_none_or(|sources| sources.contain(source))
        };
        if !admits(&self.endpoint) {
            Err(Refusal::SecurityGroup)
        } else if !admits(&self.load_balancer) {
            Err(Refusal::LoadBalancerSecurityGroup)
        } else {
            Ok(())
        }
    }
}

/// The ranges in order, those that overlap or touch made one.
fn merged<T: Copy + Ord>(mut ranges: Vec<(T, T)>, after: impl Fn(T) -> Option<T>) -> Vec<(T, T)> {
    ranges.sort_unstable();
    let mut all: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match all.last_mut() {
            Some(known) if after(known.1).is_none_or(|next| first <= next) => {
                known.1 = known.1.max(last);
            }
            Some(_) | None => all.push((first, last)),
        }
    }
    all
}

fn holds<T: Copy + Ord>(ranges: &[(T, T)], value: T) -> bool {
    let place = ranges.partition_point(|(_, last)| *last < value);
    ranges.get(place).is_some_and(|(first, _)| *first <= value)
}

#[cfg(test)]
mod tests {
    use model::{InboundRule, Transport};
    use proptest::prelude::*;

    use super::*;

    fn all_ports(source: IpNet) -> InboundRule {
        InboundRule { source, transport: Transport::Any, from_port: 0, to_port: u16::MAX }
    }

    fn rules(sources: &[&str]) -> InboundRules {
        InboundRules::new(sources.iter().map(|it| all_ports(it.parse().unwrap())))
    }

    fn sources(of: &[&str]) -> Arc<Sources> {
        Arc::new(Sources::of(&rules(of), Protocol::Tcp, 443))
    }

    #[test]
    fn ranges_that_touch_are_one() {
        let joined = sources(&["10.0.0.0/25", "10.0.0.128/25", "10.0.0.7/32", "255.0.0.0/8"]);
        assert_eq!(joined.ipv4.len(), 2);
        assert_eq!(sources(&["0.0.0.0/0", "255.255.255.255/32", "::/0", "ff::/16"]).ipv6.len(), 1);
    }

    #[test]
    fn the_endpoint_decides_before_the_load_balancer() {
        let [near, far] = [sources(&["10.0.0.0/8"]), sources(&["10.1.0.0/16"])];
        let admission = Admission { endpoint: Some(near), load_balancer: Some(far) };
        for (source, expected) in [
            ("10.1.0.1", Ok(())),
            ("::ffff:10.1.0.1", Ok(())),
            ("10.2.0.1", Err(Refusal::LoadBalancerSecurityGroup)),
            ("11.0.0.1", Err(Refusal::SecurityGroup)),
            ("2001:db8::1", Err(Refusal::SecurityGroup)),
        ] {
            assert_eq!(admission.decide(source.parse().unwrap()), expected, "{source}");
        }
        assert_eq!(Admission::default().decide([1, 1, 1, 1].into()), Ok(()));
    }

    proptest! {
        /// The table answers as the rules do.
        #[test]
        fn the_table_says_what_the_rules_say(
            nets in prop::collection::vec((0_u32..64, 26_u8..=32), 0..12),
            host in 0_u32..64,
        ) {
            let net = |(host, prefix): &(u32, u8)| {
                all_ports(ipnet::Ipv4Net::new((*host).into(), *prefix).unwrap().trunc().into())
            };
            let rules = InboundRules::new(nets.iter().map(net));
            let table = Sources::of(&rules, Protocol::Tcp, 80);
            let source = IpAddr::V4(host.into());
            prop_assert_eq!(table.contain(source), rules.admits(source, Protocol::Tcp, 80));
        }
    }
}
