//! What came of a message, for whoever sends the reply and counts. Knows no wire format.

use crate::terms::Cookie;

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

/// What answering a message came to.
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
    /// Whether the name, of a question for others, is an alias of ours: see
    /// [`aliases`](crate::aliases).
    pub is_alias: bool,
}

impl Answer {
    /// No reply at all.
    pub const DROPPED: Self = Self::without_cookie(0, Outcome::Dropped);

    pub(crate) const fn without_cookie(len: usize, outcome: Outcome) -> Self {
        Self { len, outcome, truncated: false, cookie: Cookie::Absent, is_alias: false }
    }
}
