//! From a question's bytes to the reply's (RFC 1034 4.3.2, as amended by what is cited below).
//!
//! One function, total over all inputs: it allocates nothing, waits for nothing and panics on
//! nothing. Does not know how the bytes came, beyond what limits their length.

use crate::{
    identity::CLASS_CHAOS,
    query::{Query, Rejection},
    reply::{Reply, Section},
    search::{Search, Verdict},
    terms::{Cookie, Standing, Terms},
    view::View,
    wire::{CLASS_ANY, CLASS_IN, HEADER_LEN, Rcode, RecordType, flag},
};

/// How a question came, as far as it limits the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// One datagram each: short, and truncated if need be.
    Udp,
    /// A stream: as long as it takes.
    Tcp,
}

/// What became of a question, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Answered with records.
    NoError,
    /// The name exists, but has no such records.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// Sent on to the servers of a delegated zone.
    Referral,
    /// Not ours, and the client's view says where else to ask: whoever answers has to.
    Forwarded,
    /// Nothing that we answer for, or nothing that we do.
    Refused,
    /// Not to be understood.
    FormErr,
    /// An operation that nobody knows.
    NotImp,
    /// A version of EDNS that nobody knows.
    BadVers,
    /// Not without a server cookie, which the reply has.
    BadCookie,
    /// More than the client may have without proof of its address: told to ask over TCP.
    Limited,
    /// Not answered at all.
    Dropped,
}

impl Outcome {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 12] = [
        Self::NoError,
        Self::NoData,
        Self::NxDomain,
        Self::Referral,
        Self::Forwarded,
        Self::Refused,
        Self::FormErr,
        Self::NotImp,
        Self::BadVers,
        Self::BadCookie,
        Self::Limited,
        Self::Dropped,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoError => "noerror",
            Self::NoData => "nodata",
            Self::NxDomain => "nxdomain",
            Self::Referral => "referral",
            Self::Forwarded => "forwarded",
            Self::Refused => "refused",
            Self::FormErr => "formerr",
            Self::NotImp => "notimp",
            Self::BadVers => "badvers",
            Self::BadCookie => "badcookie",
            Self::Limited => "limited",
            Self::Dropped => "dropped",
        }
    }
}

/// What [`answer`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How many bytes of the buffer are the reply; none to send if 0, or not by us.
    pub len: usize,
    /// What became of the question.
    pub outcome: Outcome,
    /// Whether the reply was cut because it would not fit.
    pub truncated: bool,
    /// What the client's cookie proves.
    pub cookie: Cookie,
}

impl Answer {
    /// No reply at all.
    pub const DROPPED: Self = Self::without_cookie(0, Outcome::Dropped);

    const fn without_cookie(len: usize, outcome: Outcome) -> Self {
        Self { len, outcome, truncated: false, cookie: Cookie::Absent }
    }
}

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
    let query = match Query::read(message) {
        Ok(query) => query,
        Err(rejection) => return reject(message, rejection, buffer),
    };
    let standing = terms.standing(query.edns);
    let len_max = terms.len_max(&query, standing);
    let options = terms.options(&query, standing, len_max);
    let Some(mut reply) = Reply::to(&query, options.as_bytes(), buffer, len_max) else {
        return Answer::DROPPED;
    };
    let cookie = standing.told();
    let (rcode, outcome) = match cookie {
        Cookie::Unproved => (Rcode::BAD_COOKIE, Outcome::BadCookie),
        Cookie::Absent | Cookie::Proved => {
            reply.overflow();
            (Rcode::NO_ERROR, Outcome::Limited)
        }
    };
    let (len, truncated) = reply.finish(rcode, false);
    Answer { len, outcome, truncated, cookie }
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
