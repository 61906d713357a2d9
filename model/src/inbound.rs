//! Who may open connections to an endpoint: what its security groups, and its load balancer's, come
//! to. Knows addresses and ports; groups, and whose they are, were resolved by whoever made it.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::{LoadBalancerId, Protocol, VpcEndpointId};

/// The rules for new connections. Connections that are open already are never asked again, as
/// tracked connections go on in AWS when a rule is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// By endpoint; one that is missing here admits everybody.
    #[serde(default)]
    pub endpoints: BTreeMap<VpcEndpointId, Arc<InboundRules>>,
    /// By load balancer, for connections through endpoints; one that is missing here has no groups
    /// or does not enforce them, and admits everybody.
    #[serde(default)]
    pub load_balancers: BTreeMap<LoadBalancerId, Arc<InboundRules>>,
}

impl Inbound {
    /// Whether everybody is admitted everywhere.
    pub fn is_empty(&self) -> bool {
        self.endpoints.is_empty() && self.load_balancers.is_empty()
    }
}

/// What is admitted: a connection that any rule allows; none without rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InboundRules(Vec<InboundRule>);

impl InboundRules {
    /// These rules, in order and each once.
    pub fn new(rules: impl IntoIterator<Item = InboundRule>) -> Self {
        let mut rules: Vec<_> = rules.into_iter().collect();
        rules.sort_unstable();
        rules.dedup();
        Self(rules)
    }

    /// The rules, in order.
    pub fn rules(&self) -> &[InboundRule] {
        &self.0
    }

    /// The sources that may dial a port.
    pub fn sources(&self, protocol: Protocol, port: u16) -> impl Iterator<Item = IpNet> + '_ {
        self.0.iter().filter(move |rule| rule.covers(protocol, port)).map(|rule| rule.source)
    }

    /// Whether a source may dial a port. Planes that ask often make themselves a table of
    /// [`InboundRules::sources`].
    pub fn admits(&self, source: IpAddr, protocol: Protocol, port: u16) -> bool {
        let source = source.to_canonical();
        self.sources(protocol, port).any(|net| net.contains(&source))
    }
}

/// One allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InboundRule {
    /// Who.
    pub source: IpNet,
    /// By which protocol.
    pub transport: Transport,
    /// The first port; 0 for all of them.
    pub from_port: u16,
    /// The last port; 65535 for all of them.
    pub to_port: u16,
}

impl InboundRule {
    /// Whether it is about a port of a protocol; of [`Protocol::TcpUdp`], either half will do.
    pub fn covers(&self, protocol: Protocol, port: u16) -> bool {
        let is_spoken = match self.transport {
            Transport::Any => true,
            Transport::Tcp => protocol.is_over_tcp(),
            Transport::Udp => protocol.is_over_udp(),
        };
        is_spoken && (self.from_port..=self.to_port).contains(&port)
    }
}

/// The protocol of a rule, as far as it carries what listeners speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Every one.
    Any,
    /// TCP, and what runs on it.
    Tcp,
    /// UDP.
    Udp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: &str, transport: Transport, from_port: u16, to_port: u16) -> InboundRule {
        InboundRule { source: source.parse().unwrap(), transport, from_port, to_port }
    }

    #[test]
    fn a_connection_needs_one_rule_that_fits_wholly() {
        let rules = InboundRules::new([
            rule("10.0.0.0/8", Transport::Tcp, 443, 443),
            rule("2001:db8::/32", Transport::Any, 0, u16::MAX),
            rule("10.0.0.0/8", Transport::Udp, 53, 53),
        ]);
        for (source, port, expected) in [
            ("10.1.2.3", 443, true),
            ("::ffff:10.1.2.3", 443, true),
            ("10.1.2.3", 444, false),
            ("10.1.2.3", 53, false),
            ("11.1.2.3", 443, false),
            ("2001:db8::1", 1, true),
            ("2001:db9::1", 1, false),
        ] {
            let source = source.parse().unwrap();
            assert_eq!(rules.admits(source, Protocol::Tcp, port), expected, "{source} {port}");
        }
        assert!(!InboundRules::default().admits([10, 0, 0, 1].into(), Protocol::Tcp, 443));
    }
}
