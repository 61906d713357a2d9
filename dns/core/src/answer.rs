//! From a question's bytes to the reply's (RFC 1034 4.3.2, as amended by what is cited below).
//!
//! One function, total over all inputs: it allocates nothing, waits for nothing and panics on
//! nothing. Does not know how the bytes came, beyond what limits their length.

use crate::{
    query::{Query, Rejection},
    reply::Reply,
    search::{Search, Verdict},
    view::View,
    wire::{
        CLASS_ANY, CLASS_IN, HEADER_LEN, PLAIN_UDP_LEN_MAX, Rcode, RecordType, TCP_LEN_MAX,
        UDP_LEN_MAX, flag,
    },
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
    /// Not answered at all.
    Dropped,
}

impl Outcome {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 10] = [
        Self::NoError,
        Self::NoData,
        Self::NxDomain,
        Self::Referral,
        Self::Forwarded,
        Self::Refused,
        Self::FormErr,
        Self::NotImp,
        Self::BadVers,
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
}

impl Answer {
    const DROPPED: Self = Self { len: 0, outcome: Outcome::Dropped, truncated: false };
    const FORWARDED: Self = Self { len: 0, outcome: Outcome::Forwarded, truncated: false };
}

/// Answers a message from what a view holds, into a buffer.
///
/// `turn` chooses the order of addresses: drawn evenly from all numbers, it makes every order
/// equally likely. A UDP reply needs a buffer of [`UDP_LEN_MAX`], a TCP reply one of
/// [`TCP_LEN_MAX`]; with less, it is truncated earlier.
pub fn answer(
    view: &View,
    message: &[u8],
    transport: Transport,
    turn: u32,
    buffer: &mut [u8],
) -> Answer {
    match Query::read(message) {
        Ok(query) => reply_to(view, &query, transport, turn, buffer),
        Err(Rejection::Ignored) => Answer::DROPPED,
        Err(Rejection::Malformed) => bare(message, Rcode::FORM_ERR, Outcome::FormErr, buffer),
        Err(Rejection::Forbidden) => bare(message, Rcode::REFUSED, Outcome::Refused, buffer),
        Err(Rejection::Unknown) => bare(message, Rcode::NOT_IMP, Outcome::NotImp, buffer),
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
    Answer { len: HEADER_LEN, outcome, truncated: false }
}

/// Answers a message that asks one question.
fn reply_to(
    view: &View,
    query: &Query<'_>,
    transport: Transport,
    turn: u32,
    buffer: &mut [u8],
) -> Answer {
    let Some(mut reply) = Reply::to(query, buffer, len_max(query, transport)) else {
        return Answer::DROPPED;
    };
    let verdict = if query.edns.is_some_and(|edns| edns.version > 0) {
        // RFC 6891 6.1.3: the OPT record of the reply says which version we know.
        Verdict::BAD_VERS
    } else if is_refused(query) {
        Verdict::REFUSED
    } else {
        Search { view, query, transport, turn }.run(&mut reply)
    };
    if verdict.outcome == Outcome::Forwarded {
        return Answer::FORWARDED;
    }
    if view.forward_plan().is_some() {
        reply.offer_recursion();
    }
    let authoritative = verdict.is_authoritative && query.class == CLASS_IN;
    let (len, truncated) = reply.finish(verdict.rcode, authoritative);
    Answer { len, outcome: verdict.outcome, truncated }
}

/// How long the reply may get: what the client takes, but no less than plain DNS and no more than
/// what never fragments (RFC 6891 6.2.3 to 6.2.5).
fn len_max(query: &Query<'_>, transport: Transport) -> usize {
    match (transport, query.edns) {
        (Transport::Tcp, _) => TCP_LEN_MAX,
        (Transport::Udp, None) => PLAIN_UDP_LEN_MAX,
        (Transport::Udp, Some(edns)) => {
            usize::from(edns.payload).clamp(PLAIN_UDP_LEN_MAX, UDP_LEN_MAX)
        }
    }
}

/// Whether the question is for a class that is not served (of which class ANY holds IN, RFC 1035
/// 3.2.5) or for a whole zone, which is not given away (RFC 5936 6).
fn is_refused(query: &Query<'_>) -> bool {
    !matches!(query.class, CLASS_IN | CLASS_ANY)
        || matches!(query.qtype, RecordType::AXFR | RecordType::IXFR)
}
