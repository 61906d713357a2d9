//! The terms on which a message is answered, beside what the client sees: who asks, when, by which
//! way, and what the operator has settled. They decide how long a reply may be, and which EDNS
//! options it has. Knows neither names nor records.

use std::net::{IpAddr, Ipv4Addr};

use crate::{
    cookie::{CLIENT_LEN, ClientOption, CookieSecret, Judgement, SERVER_LEN},
    identity::{Identity, NSID_LEN_MAX},
    outcome::Transport,
    query::{Edns, Query},
    wire::{HEADER_LEN, OPT_LEN, PLAIN_UDP_LEN_MAX, TCP_LEN_MAX, UDP_LEN_MAX},
};

/// The NSID option (RFC 5001 4).
pub(crate) const NSID: u16 = 3;
/// The COOKIE option (RFC 7873 8).
pub(crate) const COOKIE: u16 = 10;
/// Length of an option's code and length (RFC 6891 6.1.2).
const OPTION_HEAD_LEN: usize = 4;
/// Room for all options that are ever sent.
const OPTIONS_LEN_MAX: usize =
    OPTION_HEAD_LEN + CLIENT_LEN + SERVER_LEN + OPTION_HEAD_LEN + NSID_LEN_MAX;

/// The terms of one answer.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'t> {
    /// The way the message came.
    pub transport: Transport,
    /// Chooses the order of addresses: drawn evenly from all numbers, it makes every order equally
    /// likely.
    pub turn: u32,
    /// Who asks.
    pub client: IpAddr,
    /// The time: seconds since 1970, of which only the lower 32 bits count.
    pub now_s: u32,
    /// What the server says about itself.
    pub identity: &'t Identity,
    /// What server cookies are made with; without it, the option is ignored.
    pub cookies: Option<&'t CookieSecret>,
    /// How many times as long as the message a reply over UDP may be, unless a server cookie proves
    /// that the client has its address. Longer ones are truncated. Less than 2 means 2, for the
    /// sake of which the reply always has room for a cookie.
    pub amplification_max: Option<usize>,
}

impl Terms<'_> {
    /// The terms of a server without options, for a client that is not told from others.
    pub fn plain(transport: Transport, turn: u32) -> Self {
        Self {
            transport,
            turn,
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            now_s: 0,
            identity: &Identity::SILENT,
            cookies: None,
            amplification_max: None,
        }
    }

    /// What comes of a client's COOKIE option.
    pub(crate) fn standing(&self, edns: Option<Edns>) -> Standing {
        let (Some(secret), Some(option)) = (self.cookies, edns.and_then(|edns| edns.cookie)) else {
            return Standing::Unknown;
        };
        let ClientOption::Cookie { client, server, .. } = option else {
            return Standing::Malformed;
        };
        let judged = server.map(|cookie| secret.judge(client, cookie, self.client, self.now_s));
        let make = || secret.make(client, self.client, self.now_s);
        match (judged, server) {
            (Some(Judgement::Good), Some(cookie)) => Standing::Proved(client, cookie),
            (Some(Judgement::Ageing), _) => Standing::Proved(client, make()),
            _ => Standing::Offered(client, make()),
        }
    }

    /// How long the reply may get: what the client takes, but no less than plain DNS and no more
    /// than what never fragments (RFC 6891 6.2.3 to 6.2.5), nor than what the client may have
    /// without proof.
    pub(crate) fn len_max(&self, query: &Query<'_>, standing: Standing) -> usize {
        let taken = match (self.transport, query.edns) {
            (Transport::Tcp, _) => return TCP_LEN_MAX,
            (Transport::Udp, None) => PLAIN_UDP_LEN_MAX,
            (Transport::Udp, Some(edns)) => {
                usize::from(edns.payload).clamp(PLAIN_UDP_LEN_MAX, UDP_LEN_MAX)
            }
        };
        match self.amplification_max {
            Some(times) if !matches!(standing, Standing::Proved(..)) => {
                taken.min(query.message.len().saturating_mul(times.max(2)))
            }
            _ => taken,
        }
    }

    /// The options of the reply's OPT record.
    pub(crate) fn options(
        &self,
        query: &Query<'_>,
        standing: Standing,
        len_max: usize,
    ) -> OptionBytes {
        let mut options = OptionBytes::default();
        if let Standing::Offered(client, server) | Standing::Proved(client, server) = standing {
            options.push(COOKIE, &[&client, &server]);
        }
        if let Some(nsid) = self.identity.nsid()
            && query.edns.is_some_and(|edns| edns.asks_nsid)
            // What says who answers must not push out the answer's own end.
            && query.question_end + OPT_LEN + options.len + OPTION_HEAD_LEN + nsid.len() <= len_max
        {
            options.push(NSID, &[nsid]);
        }
        options
    }
}

/// What is known of a client by its COOKIE option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It sent none, or it is ignored.
    Unknown,
    /// It sent one of a length that no cookie has.
    Malformed,
    /// It sent none of ours; with its own cookie comes ours for the next time.
    Offered([u8; CLIENT_LEN], [u8; SERVER_LEN]),
    /// It sent one of ours, so it has the address that it sends from.
    Proved([u8; CLIENT_LEN], [u8; SERVER_LEN]),
}

impl Standing {
    /// The standing, as far as others are to know.
    pub(crate) fn told(self) -> Cookie {
        match self {
            Self::Unknown | Self::Malformed => Cookie::Absent,
            Self::Offered(..) => Cookie::Unproved,
            Self::Proved(..) => Cookie::Proved,
        }
    }
}

/// What a client's cookie proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// There is none.
    Absent,
    /// Nothing, but the client would use one of ours.
    Unproved,
    /// That the client has the address that it sends from.
    Proved,
}

/// EDNS options as they are sent.
pub(crate) struct OptionBytes {
    bytes: [u8; OPTIONS_LEN_MAX],
    len: usize,
}

impl Default for OptionBytes {
    fn default() -> Self {
        Self { bytes: [0; OPTIONS_LEN_MAX], len: 0 }
    }
}

impl OptionBytes {
    fn push(&mut self, code: u16, data: &[&[u8]]) {
        let len = data.iter().map(|part| part.len()).sum::<usize>();
        let [len0, len1] = u16::try_from(len).unwrap_or(0).to_be_bytes();
        let [code0, code1] = code.to_be_bytes();
        let head = [code0, code1, len0, len1];
        for part in [&head[..]].iter().chain(data) {
            self.bytes[self.len..self.len + part.len()].copy_from_slice(part);
            self.len += part.len();
        }
    }

    /// The bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

const _: () = assert!(
    HEADER_LEN + 255 + 4 + OPT_LEN + OPTIONS_LEN_MAX <= PLAIN_UDP_LEN_MAX,
    "any reply has room for its question and its options"
);
