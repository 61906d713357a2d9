//! Looking up a question's name in a view, and writing what there is to say about it (RFC 1034
//! 4.3.2, RFC 6672 3.2).
//!
//! Aliases are followed through everything that the view holds, within a bound. Does not know
//! messages: what may be asked at all, and how the reply starts and ends, is decided elsewhere.

use std::net::IpAddr;

use crate::{
    affinity::Asker,
    name::{NAME_LEN_MAX, label_count, parent},
    node::Node,
    outcome::{Outcome, Transport},
    query::Query,
    reply::{Reply, Section},
    view::View,
    wire::{CLASS_IN, Rcode, RecordType},
    zone::{Lookup, Zone},
};

/// How many aliases are followed in one answer: as many as widespread servers do. Ours are one
/// long; the bound is for loops and for whatever master files hold.
const CHAIN_MAX: usize = 16;

/// How a search ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) rcode: Rcode,
    pub(crate) outcome: Outcome,
    pub(crate) is_authoritative: bool,
}

impl Verdict {
    /// Never a referral to the root: nothing is said about what is not ours (RFC 8906 3.1.1).
    pub(crate) const REFUSED: Self = Self::failed(Rcode::REFUSED, Outcome::Refused);

    /// The rcode is never sent.
    const FORWARDED: Self = Self::failed(Rcode::NO_ERROR, Outcome::Forwarded);

    const NO_DATA: Self = Self::authoritative(Rcode::NO_ERROR, Outcome::NoData);
    const NX_DOMAIN: Self = Self::authoritative(Rcode::NX_DOMAIN, Outcome::NxDomain);
    /// RFC 6672 2.2: the name that the redirection leads to would be too long.
    const YX_DOMAIN: Self = Self::authoritative(Rcode::YX_DOMAIN, Outcome::NoError);

    pub(crate) const fn failed(rcode: Rcode, outcome: Outcome) -> Self {
        Self { rcode, outcome, is_authoritative: false }
    }

    pub(crate) const fn authoritative(rcode: Rcode, outcome: Outcome) -> Self {
        Self { rcode, outcome, is_authoritative: true }
    }
}

/// Where looking up one name leads.
enum Step<'q> {
    End(Verdict),
    /// On to this name.
    Alias(&'q [u8]),
    /// On to the name that this redirection of the names below it makes.
    Renamed(&'q Node),
}

/// The names of one answer that were looked up already.
struct Trail<'t> {
    before: Option<&'t Self>,
    names: [&'t [u8]; CHAIN_MAX],
    len: usize,
}

impl<'t> Trail<'t> {
    fn new(before: Option<&'t Self>) -> Self {
        Self { before, names: [&[]; CHAIN_MAX], len: 0 }
    }

    fn holds(&self, name: &[u8]) -> bool {
        self.names[..self.len].contains(&name) || self.before.is_some_and(|it| it.holds(name))
    }

    fn total_len(&self) -> usize {
        self.len + self.before.map_or(0, Trail::total_len)
    }

    /// Adds a name; whether it is new and there was room for it.
    fn push(&mut self, name: &'t [u8]) -> bool {
        if self.total_len() == CHAIN_MAX || self.holds(name) {
            return false;
        }
        self.names[self.len] = name;
        self.len += 1;
        true
    }
}

/// One question being looked up.
pub(crate) struct Search<'q> {
    pub(crate) view: &'q View,
    pub(crate) query: &'q Query<'q>,
    pub(crate) transport: Transport,
    pub(crate) client: IpAddr,
    pub(crate) turn: u32,
}

impl<'q> Search<'q> {
    /// Follows the name, and the aliases it leads to, to an end. The rcode is the last name's
    /// (RFC 6604 3), the authority the first's.
    pub(crate) fn run(&self, reply: &mut Reply<'_>) -> Verdict {
        self.follow(reply, self.query.name.as_wire(), None)
    }

    /// Follows a name that was found out `before`, or else the question's own.
    fn follow<'n>(
        &self,
        reply: &mut Reply<'_>,
        name: &'n [u8],
        before: Option<&'n Trail<'n>>,
    ) -> Verdict
    where
        'q: 'n,
    {
        let mut trail = Trail::new(before);
        let (mut name, mut owner) = (name, before.map(|_| name));
        // A loop of aliases: what there is of it is the answer.
        while trail.push(name) {
            match self.look_up(reply, name, owner) {
                Step::End(verdict) => return verdict,
                Step::Alias(target) => (name, owner) = (target, Some(target)),
                Step::Renamed(node) => return self.rename(reply, node, name, &trail),
            }
        }
        Verdict::authoritative(Rcode::NO_ERROR, Outcome::NoError)
    }

    /// Writes a redirection and the alias that it makes of a name, and follows that (RFC 6672
    /// 3.1).
    #[cold]
    fn rename(
        &self,
        reply: &mut Reply<'_>,
        node: &Node,
        name: &[u8],
        trail: &Trail<'_>,
    ) -> Verdict {
        let Some(dname) = node.rrset(RecordType::DNAME) else { return Verdict::NX_DOMAIN };
        let question = &self.query.name;
        dname.write(reply, Section::Answer, Some(node.name()), question, self.turn);
        let mut room = [0; NAME_LEN_MAX];
        let Some(renamed) = renamed(node, name, &mut room) else { return Verdict::YX_DOMAIN };
        reply.record(Section::Answer, name, RecordType::CNAME, dname.ttl(), |reply| {
            reply.name(renamed);
        });
        reply.end_rrset();
        if self.query.qtype == RecordType::CNAME {
            return Verdict::authoritative(Rcode::NO_ERROR, Outcome::NoError);
        }
        self.follow(reply, renamed, Some(trail))
    }

    /// Looks up one name, and writes what there is to say about it. `owner` is none for the
    /// question's own name.
    fn look_up(&self, reply: &mut Reply<'_>, name: &[u8], owner: Option<&[u8]>) -> Step<'q> {
        if let Some(node) = self.view.island(name, self.label_count(name)) {
            let absence = self.view.island_absence();
            return self.settle(reply, None, node, owner, |reply| absence.write_at(reply, name));
        }
        let Some(zone) = self.zone_of(name) else {
            let verdict = match self.not_ours() {
                // An alias to elsewhere is all that there is to say about it.
                Verdict::REFUSED if owner.is_some() => {
                    Verdict::authoritative(Rcode::NO_ERROR, Outcome::NoError)
                }
                verdict => verdict,
            };
            return Step::End(verdict);
        };
        let absence = |reply: &mut Reply<'_>| zone.negative().write(reply, &self.query.name);
        let node = match zone.lookup(name) {
            // Asked for DS, the parent may not know a name at which we serve a zone; it exists all
            // the same.
            Lookup::Wildcard(_) | Lookup::Absent if self.asks_ds_of_apex(name) => {
                absence(reply);
                return Step::End(Verdict::NO_DATA);
            }
            Lookup::Exact(node) | Lookup::Wildcard(node) => node,
            // RFC 4035 3.1.4.1: the parent's side of a cut knows about DS.
            Lookup::Delegated(node) if self.asks_ds_of(node, name) => node,
            Lookup::Delegated(node) => {
                return Step::End(self.refer(reply, zone, node, owner.is_some()));
            }
            Lookup::Renamed(node) => return Step::Renamed(node),
            Lookup::Absent => {
                absence(reply);
                return Step::End(Verdict::NX_DOMAIN);
            }
        };
        self.settle(reply, Some(zone), node, owner, absence)
    }

    /// What is done about a question that is not ours: whoever wants recursion may get it.
    fn not_ours(&self) -> Verdict {
        let is_plain = self.query.wants_recursion() && self.query.class == CLASS_IN;
        match self.view.forward_plan() {
            Some(_) if is_plain => Verdict::FORWARDED,
            _ => Verdict::REFUSED,
        }
    }

    /// Writes what a node has: the records asked for, or the alias that it is, or that there are
    /// none.
    fn settle(
        &self,
        reply: &mut Reply<'_>,
        zone: Option<&Zone>,
        node: &'q Node,
        owner: Option<&[u8]>,
        absence: impl FnOnce(&mut Reply<'_>),
    ) -> Step<'q> {
        if self.write_asked(reply, zone, node, owner) {
            return Step::End(Verdict::authoritative(Rcode::NO_ERROR, Outcome::NoError));
        }
        let cname = node.rrset(RecordType::CNAME).filter(|_| !node.hides(self.query.qtype));
        if let Some((cname, target)) = cname.and_then(|c| Some((c, c.targets().next()?))) {
            cname.write(reply, Section::Answer, owner, &self.query.name, self.turn);
            reply.end_rrset();
            return Step::Alias(target);
        }
        absence(reply);
        Step::End(Verdict::NO_DATA)
    }

    /// How many labels a name has; of the question's that is known.
    fn label_count(&self, name: &[u8]) -> usize {
        if std::ptr::eq(name, self.query.name.as_wire()) {
            self.query.name.label_count()
        } else {
            label_count(name)
        }
    }

    /// The zone that answers for a name. For DS that is the parent of the zone so named.
    fn zone_of(&self, name: &[u8]) -> Option<&'q Zone> {
        let labels = self.label_count(name);
        let zone = self.view.zone_of(name, labels)?;
        if self.query.qtype == RecordType::DS && zone.apex().as_wire() == name {
            let above = parent(name);
            return above.and_then(|name| self.view.zone_of(name, labels - 1)).or(Some(zone));
        }
        Some(zone)
    }

    fn asks_ds_of_apex(&self, name: &[u8]) -> bool {
        let zone = self.view.zone_of(name, self.label_count(name));
        self.query.qtype == RecordType::DS && zone.is_some_and(|z| z.apex().as_wire() == name)
    }

    fn asks_ds_of(&self, node: &Node, name: &[u8]) -> bool {
        self.query.qtype == RecordType::DS && node.name() == name
    }

    fn asker(&self) -> Asker {
        Asker { vpc: self.view.owner().vpc, client: self.client, turn: self.turn }
    }

    /// Writes the records asked for, if the node has any.
    fn write_asked(
        &self,
        reply: &mut Reply<'_>,
        zone: Option<&Zone>,
        node: &Node,
        owner: Option<&[u8]>,
    ) -> bool {
        let question = &self.query.name;
        let rrsets = node.rrsets_for(|| self.asker());
        if self.query.qtype == RecordType::ANY {
            // RFC 8482 4.1: over UDP one RRset is answer enough; 4.4: over TCP all may be sent.
            let most = if self.transport == Transport::Udp { 1 } else { usize::MAX };
            for rrset in rrsets.iter().take(most) {
                rrset.write(reply, Section::Answer, owner, question, self.turn);
            }
            return !rrsets.is_empty();
        }
        let asked = rrsets.iter().find(|rrset| rrset.rtype() == self.query.qtype);
        let Some(rrset) = asked else { return false };
        rrset.write(reply, Section::Answer, owner, question, self.turn);
        let is_alias = matches!(self.query.qtype, RecordType::CNAME | RecordType::DNAME);
        let Some(zone) = zone.filter(|_| !is_alias) else { return true };
        for target in rrset.targets() {
            let mark = reply.mark();
            self.write_addresses(reply, zone, target);
            // RFC 2181 9: what is left out here needs no TC.
            if reply.take_back_overflow(mark) {
                break;
            }
        }
        true
    }

    /// Sends the client on to the servers of a delegated zone.
    fn refer(
        &self,
        reply: &mut Reply<'_>,
        zone: &Zone,
        cut: &Node,
        is_authoritative: bool,
    ) -> Verdict {
        if let Some(ns) = cut.rrset(RecordType::NS) {
            ns.write(reply, Section::Authority, Some(cut.name()), &self.query.name, self.turn);
            reply.end_rrset();
            // RFC 9471 3.1: addresses of servers below the cut have to fit, or TC is set.
            ns.targets().for_each(|target| self.write_addresses(reply, zone, target));
        }
        Verdict { rcode: Rcode::NO_ERROR, outcome: Outcome::Referral, is_authoritative }
    }

    /// Adds what addresses the zone has for a host, be it glue or by a wildcard.
    fn write_addresses(&self, reply: &mut Reply<'_>, zone: &Zone, host: &[u8]) {
        let node = zone.node(host).or_else(|| zone.wildcard_for(host));
        for rtype in [RecordType::A, RecordType::AAAA] {
            if let Some(rrset) = node.and_then(|node| node.rrset(rtype)) {
                rrset.write(reply, Section::Additional, Some(host), &self.query.name, self.turn);
            }
        }
    }
}

/// What a redirection makes of a name below it; nothing if that is too long.
pub(crate) fn renamed<'r>(
    node: &Node,
    name: &[u8],
    room: &'r mut [u8; NAME_LEN_MAX],
) -> Option<&'r [u8]> {
    let target = node.rrset(RecordType::DNAME)?.targets().next()?;
    let kept = name.len() - node.name().len();
    let room = room.get_mut(..kept + target.len())?;
    room[..kept].copy_from_slice(&name[..kept]);
    room[kept..].copy_from_slice(target);
    Some(room)
}
