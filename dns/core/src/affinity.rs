//! Answers that keep a client in its own zone (the load balancer attribute
//! `dns_record.client_routing_policy`).
//!
//! What is answered to the clients of a zone is laid out beforehand like any other answer, so it
//! costs telling the zone and nothing else. Does not know which zones are healthy: it is given
//! those whose addresses may be answered.

use std::net::IpAddr;

use ipnet::IpNet;
use model::{ClientRoutingPolicy, VpcId};

use crate::{network::Networks, record::RrSet};

/// The answers of one name that depend on the client's zone.
#[derive(Debug)]
pub(crate) struct Affinity {
    /// The network whose clients' zones are known.
    vpc: VpcId,
    /// By the addresses of a zone's subnets, which of the answers is its own.
    zones: Networks<usize>,
    answers: Box<[ZonalAnswer]>,
}

/// What is answered to the clients of one zone.
#[derive(Debug)]
pub(crate) struct ZonalAnswer {
    /// How often it is.
    pub(crate) policy: ClientRoutingPolicy,
    /// The addresses of the zone.
    pub(crate) rrsets: Box<[RrSet]>,
}

/// Who asks, as far as it decides about the answer.
#[derive(Clone, Copy)]
pub(crate) struct Asker {
    /// The network whose view it has.
    pub(crate) vpc: Option<VpcId>,
    pub(crate) client: IpAddr,
    pub(crate) turn: u32,
}

impl Affinity {
    /// The answers to clients of a network, by the addresses of their zones' subnets; none if there
    /// are none.
    pub(crate) fn new<'p>(
        vpc: VpcId,
        answers: impl IntoIterator<Item = (Vec<&'p IpNet>, ZonalAnswer)>,
    ) -> Option<Self> {
        let (prefixes, answers): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
        let of_zone = |(index, prefixes): (usize, Vec<&'p IpNet>)| {
            prefixes.into_iter().map(move |prefix| (*prefix, index))
        };
        let zones = Networks::new(prefixes.into_iter().enumerate().flat_map(of_zone), []);
        (!answers.is_empty()).then(|| Self { vpc, zones, answers: answers.into() })
    }

    /// The records for one who asks; none if it is answered as everyone is.
    pub(crate) fn rrsets(&self, asker: &Asker) -> Option<&[RrSet]> {
        // Another network may have the same addresses.
        if asker.vpc != Some(self.vpc) {
            return None;
        }
        let answer = self.answers.get(self.zones.owner_of(asker.client)?)?;
        is_kept(answer.policy, asker.turn).then_some(&answer.rrsets)
    }
}

/// Whether a client is kept in its zone in this turn. Looks at the other end of the turn than a
/// rotation does, so that the other answers keep every order.
fn is_kept(policy: ClientRoutingPolicy, turn: u32) -> bool {
    let percent = (u64::from(turn.rotate_left(16)) * 100) >> 32;
    percent < u64::from(policy.own_zone_percent())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rotation;

    #[test]
    fn policies_have_their_shares_and_leave_the_other_answers_every_order() {
        let rows = [
            (ClientRoutingPolicy::AnyZone, 0),
            (ClientRoutingPolicy::PartialAffinity, 85),
            (ClientRoutingPolicy::Affinity, 100),
        ];
        for (policy, percent) in rows {
            // An even sample of all turns, both of their upper and of their lower halves.
            let halves = (0..256u32).map(|half| half << 8 | half);
            let turns = halves
                .clone()
                .flat_map(|upper| halves.clone().map(move |lower| upper << 16 | lower));
            let (mut kept, mut starts) = (0u32, BTreeMap::<usize, u32>::new());
            for turn in turns {
                if is_kept(policy, turn) {
                    kept += 1;
                } else {
                    *starts.entry(rotation::start(3, turn)).or_default() += 1;
                }
            }
            assert_eq!((kept * 100 + 32_768) / 65_536, percent, "{policy:?}");
            let fair = (65_536 - kept) / 6;
            assert!(starts.values().all(|n| n.abs_diff(fair) < 100), "{policy:?} {starts:?}");
            assert_eq!(starts.len(), if percent == 100 { 0 } else { 6 });
        }
    }
}
