//! From a question's bytes to the reply's (RFC 1034 4.3.2, as amended by what is cited below).
//!
//! One function, total over all inputs: it allocates nothing, waits for nothing and panics on
//! nothing. Does not know how the bytes came, beyond what limits their length.

use crate::{
    identity::CLASS_CHAOS,
    name::label_count,
    node::Node,
    outcome::{Answer, Outcome, Transport},
    query::{Query, Rejection},
    reply::{Reply, Section},
    terms::{Cookie, Standing, Terms},
    view::View,
    wire::{CLASS_ANY, CLASS_IN, HEADER_LEN, OPT_LEN, Rcode, RecordType, UDP_LEN_MAX, flag},
    zone::{Lookup, Zone},
};

/// How many aliases are followed in one answer. Ours are one long; the bound is for loops and for
/// whatever master files hold.
const CHAIN_MAX: usize = 8;

/// Answers a message from what a view holds, into a buffer, on the terms of a server without
/// options: see [`answer_on`].
pub fn answer(
    view: &View,
    message: &[u8],
    transport: Transport,
    turn: u32,
    buffer: &mut [u8],
) -> Answer {
    answer_on(&Terms::plain(transport, turn), view, message, buffer)
}

/// Answers a message from what a view holds, into a buffer.
///
/// A UDP reply needs a buffer of [`UDP_LEN_MAX`](crate::UDP_LEN_MAX), a TCP reply one of
/// [`TCP_LEN_MAX`](crate::TCP_LEN_MAX); with less, it is truncated earlier.
pub fn answer_on(terms: &Terms<'_>, view: &View, message: &[u8], buffer: &mut [u8]) -> Answer {
    match Query::read(message) {
        Ok(query) => reply_to(terms, view, &query, buffer),
        Err(rejection) => reject(message, rejection, buffer),
    }
}

/// Answers a message that is over a limit: with nothing but the way to the answer, which is TCP,
/// or for a client that knows cookies a server cookie (RFC 7873 5.2.3).
pub fn answer_shortly(terms: &Terms<'_>, message: &[u8], buffer: &mut [u8]) -> Answer {
    match Query::read(message) {
        Ok(query) => {
            let wants_cookie = terms.standing(query.edns).told() == Cookie::Unproved;
            short(terms, &query, wants_cookie, buffer)
        }
        Err(rejection) => reject(message, rejection, buffer),
    }
}

/// Makes a reply that others wrote, and that ends in an empty OPT record if it has one, a reply of
/// ours: with our options, and no longer than the client may have.
pub fn complete(terms: &Terms<'_>, message: &[u8], reply: &mut Vec<u8>) {
    let Ok(query) = Query::read(message) else { return };
    let standing = terms.standing(query.edns);
    let len_max = terms.len_max(&query, standing);
    let options = terms.options(&query, standing, len_max);
    let options = options.as_bytes();
    let (opt, [type0, type1]) = (reply.len().checked_sub(OPT_LEN), RecordType::OPT.0.to_be_bytes());
    if let Some(opt) = opt.and_then(|at| reply.get_mut(at..))
        && opt.starts_with(&[0, type0, type1])
        && opt.ends_with(&[0, 0])
        && !options.is_empty()
    {
        let len = u16::try_from(options.len()).unwrap_or(0);
        opt[OPT_LEN - 2..].copy_from_slice(&len.to_be_bytes());
        reply.extend_from_slice(options);
    }
    if reply.len() > len_max {
        reply.resize(len_max.min(UDP_LEN_MAX), 0);
        let len = short(terms, &query, false, reply).len;
        reply.truncate(len);
    }
}

/// Answers a query with its own question and that there is more to it.
fn short(terms: &Terms<'_>, query: &Query<'_>, wants_cookie: bool, buffer: &mut [u8]) -> Answer {
    let standing = terms.standing(query.edns);
    let len_max = terms.len_max(query, standing);
    let options = terms.options(query, standing, len_max);
    let Some(mut reply) = Reply::to(query, options.as_bytes(), buffer, len_max) else {
        return Answer::DROPPED;
    };
    let (rcode, outcome) = if wants_cookie {
        (Rcode::BAD_COOKIE, Outcome::BadCookie)
    } else {
        reply.overflow();
        (Rcode::NO_ERROR, Outcome::Limited)
    };
    let (len, truncated) = reply.finish(rcode, false);
    Answer { len, outcome, truncated, cookie: standing.told() }
}

/// Answers a message that is no query to look up.
fn reject(message: &[u8], rejection: Rejection, buffer: &mut [u8]) -> Answer {
    match rejection {
        Rejection::Ignored => Answer::DROPPED,
        Rejection::Malformed => bare(message, Rcode::FORM_ERR, Outcome::FormErr, buffer),
        Rejection::Forbidden => bare(message, Rcode::REFUSED, Outcome::Refused, buffer),
        Rejection::Unknown => bare(message, Rcode::NOT_IMP, Outcome::NotImp, buffer),
    }
}

/// Answers with a header alone: what stands behind the query's is not understood.
fn bare(message: &[u8], rcode: Rcode, outcome: Outcome, buffer: &mut [u8]) -> Answer {
    let (Some(asked), Some(reply)) =
        (message.first_chunk::<HEADER_LEN>(), buffer.first_chunk_mut::<HEADER_LEN>())
    else {
        return Answer::DROPPED;
    };
    let kept = u16::from_be_bytes([asked[2], asked[3]]) & (flag::OPCODE | flag::RECURSION_DESIRED);
    *reply = [0; HEADER_LEN];
    reply[..2].copy_from_slice(&asked[..2]);
    reply[2..4].copy_from_slice(&(kept | flag::RESPONSE | rcode.0).to_be_bytes());
    Answer::without_cookie(HEADER_LEN, outcome)
}

/// Answers a message that asks one question.
fn reply_to(terms: &Terms<'_>, view: &View, query: &Query<'_>, buffer: &mut [u8]) -> Answer {
    let standing = terms.standing(query.edns);
    if !query.has_question && terms.cookies.is_none() {
        return bare(query.message, Rcode::FORM_ERR, Outcome::FormErr, buffer);
    }
    let len_max = terms.len_max(query, standing);
    let options = terms.options(query, standing, len_max);
    let Some(mut reply) = Reply::to(query, options.as_bytes(), buffer, len_max) else {
        return Answer::DROPPED;
    };
    let verdict = judge(terms, view, query, standing, &mut reply);
    let cookie = standing.told();
    if verdict.outcome == Outcome::Forwarded {
        return Answer { cookie, ..Answer::without_cookie(0, Outcome::Forwarded) };
    }
    if view.forward_plan().is_some() {
        reply.offer_recursion();
    }
    let (len, truncated) = reply.finish(verdict.rcode, verdict.is_authoritative);
    Answer { len, outcome: verdict.outcome, truncated, cookie }
}

/// Decides about a question, and writes what there is to say.
fn judge(
    terms: &Terms<'_>,
    view: &View,
    query: &Query<'_>,
    standing: Standing,
    reply: &mut Reply<'_>,
) -> Verdict {
    if query.edns.is_some_and(|edns| edns.version > 0) {
        // RFC 6891 6.1.3: the OPT record of the reply says which version we know.
        return Verdict::failed(Rcode::BAD_VERS, Outcome::BadVers);
    }
    if standing == Standing::Malformed {
        // RFC 7873 5.2.2.
        return Verdict::failed(Rcode::FORM_ERR, Outcome::FormErr);
    }
    if !query.has_question {
        // RFC 7873 5.4: asked for a server cookie alone, or whether one is still good.
        let is_bad = standing.told() == Cookie::Unproved && query.has_server_cookie();
        let bad = Verdict::failed(Rcode::BAD_COOKIE, Outcome::BadCookie);
        let fine = Verdict::failed(Rcode::NO_ERROR, Outcome::NoData);
        return if is_bad { bad } else { fine };
    }
    if query.class == CLASS_CHAOS {
        let Some(record) = terms.identity.chaos(query.name.as_wire(), query.qtype) else {
            return Verdict::REFUSED;
        };
        reply.records(Section::Answer, 1, record.as_wire());
        return Verdict::authoritative(Rcode::NO_ERROR, Outcome::NoError);
    }
    if is_refused(query) {
        return Verdict::REFUSED;
    }
    let (transport, turn) = (terms.transport, terms.turn);
    let verdict = Search { view, query, transport, turn }.run(reply);
    Verdict { is_authoritative: verdict.is_authoritative && query.class == CLASS_IN, ..verdict }
}

/// Whether the question is for a class that is not served (of which class ANY holds IN, RFC 1035
/// 3.2.5) or for a whole zone, which is not given away (RFC 5936 6).
fn is_refused(query: &Query<'_>) -> bool {
    !matches!(query.class, CLASS_IN | CLASS_ANY)
        || matches!(query.qtype, RecordType::AXFR | RecordType::IXFR)
}

/// How a search ended.
#[derive(Clone, Copy)]
struct Verdict {
    rcode: Rcode,
    outcome: Outcome,
    is_authoritative: bool,
}

impl Verdict {
    /// Never a referral to the root: nothing is said about what is not ours (RFC 8906 3.1.1).
    const REFUSED: Self = Self::failed(Rcode::REFUSED, Outcome::Refused);

    /// The rcode is never sent.
    const FORWARDED: Self = Self::failed(Rcode::NO_ERROR, Outcome::Forwarded);

    const NO_DATA: Self = Self::authoritative(Rcode::NO_ERROR, Outcome::NoData);
    const NX_DOMAIN: Self = Self::authoritative(Rcode::NX_DOMAIN, Outcome::NxDomain);

    const fn failed(rcode: Rcode, outcome: Outcome) -> Self {
        Self { rcode, outcome, is_authoritative: false }
    }

    const fn authoritative(rcode: Rcode, outcome: Outcome) -> Self {
        Self { rcode, outcome, is_authoritative: true }
    }
}

/// Where looking up one name leads.
enum Step<'q> {
    End(Verdict),
    /// On to this name.
    Alias(&'q [u8]),
}

/// One question being looked up.
struct Search<'q> {
    view: &'q View,
    query: &'q Query<'q>,
    transport: Transport,
    turn: u32,
}

impl<'q> Search<'q> {
    /// Follows the name, and the aliases it leads to, to an end. The rcode is the last name's
    /// (RFC 6604 3), the authority the first's.
    fn run(&self, reply: &mut Reply<'_>) -> Verdict {
        let mut followed: [&[u8]; CHAIN_MAX] = [&[]; CHAIN_MAX];
        let mut alias = None;
        for step in 0..CHAIN_MAX {
            let name = alias.unwrap_or(self.query.name.as_wire());
            if followed[..step].contains(&name) {
                // A loop of aliases: what there is of it is the answer.
                break;
            }
            followed[step] = name;
            match self.look_up(reply, name, alias) {
                Step::End(verdict) => return verdict,
                Step::Alias(target) => alias = Some(target),
            }
        }
        Verdict::authoritative(Rcode::NO_ERROR, Outcome::NoError)
    }

    /// Looks up one name, and writes what there is to say about it. `owner` is none for the
    /// question's own name.
    fn look_up(&self, reply: &mut Reply<'_>, name: &'q [u8], owner: Option<&[u8]>) -> Step<'q> {
        if let Some((islands, node)) = self.view.island(name, self.label_count(name)) {
            return self
                .settle(reply, None, node, owner, |reply| islands.write_absence(reply, name));
        }
        let Some(zone) = self.zone_of(name) else {
            // An alias to elsewhere is all that there is to say about it.
            return Step::End(owner.map_or_else(
                || self.not_ours(),
                |_| Verdict::authoritative(Rcode::NO_ERROR, Outcome::NoError),
            ));
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
            let above = crate::name::parent(name);
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

    /// Writes the records asked for, if the node has any.
    fn write_asked(
        &self,
        reply: &mut Reply<'_>,
        zone: Option<&Zone>,
        node: &Node,
        owner: Option<&[u8]>,
    ) -> bool {
        let question = &self.query.name;
        if self.query.qtype == RecordType::ANY {
            // RFC 8482 4.1: over UDP one RRset is answer enough; 4.4: over TCP all may be sent.
            let most = if self.transport == Transport::Udp { 1 } else { usize::MAX };
            for rrset in node.rrsets().iter().take(most) {
                rrset.write(reply, Section::Answer, owner, question, self.turn);
            }
            return !node.rrsets().is_empty();
        }
        let Some(rrset) = node.rrset(self.query.qtype) else { return false };
        rrset.write(reply, Section::Answer, owner, question, self.turn);
        let Some(zone) = zone.filter(|_| self.query.qtype != RecordType::CNAME) else {
            return true;
        };
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
            // RFC 9471 3.1: addresses of servers below the cut have to fit, or TC is set.
            ns.targets().for_each(|target| self.write_addresses(reply, zone, target));
        }
        Verdict { rcode: Rcode::NO_ERROR, outcome: Outcome::Referral, is_authoritative }
    }

    /// Adds what addresses the zone has for a host.
    fn write_addresses(&self, reply: &mut Reply<'_>, zone: &Zone, host: &[u8]) {
        let node = zone.node(host);
        for rtype in [RecordType::A, RecordType::AAAA] {
            if let Some(rrset) = node.and_then(|node| node.rrset(rtype)) {
                rrset.write(reply, Section::Additional, Some(host), &self.query.name, self.turn);
            }
        }
    }
}
