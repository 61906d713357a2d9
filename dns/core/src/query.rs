//! Reading a question from whatever bytes arrive. Total: any input gives a query or a reason.
//!
//! Relies on nothing but the bytes; allocates nothing. Does not know what exists.

use crate::{
    cookie::ClientOption,
    name::QuestionName,
    terms::{COOKIE, NSID},
    wire::{HEADER_LEN, POINTER, RecordType, flag, opcode, u16_at},
};

/// A message that asks one question, or none but for a server cookie (RFC 7873 5.4).
pub(crate) struct Query<'m> {
    /// Everything that was received.
    pub(crate) message: &'m [u8],
    /// Where the question ends; up to here the reply repeats the message bit for bit.
    pub(crate) question_end: usize,
    /// The name asked, lowered.
    pub(crate) name: QuestionName,
    /// The type asked.
    pub(crate) qtype: RecordType,
    /// The class asked.
    pub(crate) class: u16,
    /// The OPT record, if there is one.
    pub(crate) edns: Option<Edns>,
    /// Whether there is a question.
    pub(crate) has_question: bool,
}

/// What the client's OPT record says (RFC 6891 6.1.3).
#[derive(Clone, Copy)]
pub(crate) struct Edns {
    /// The largest UDP message that the client takes.
    pub(crate) payload: u16,
    /// The version.
    pub(crate) version: u8,
    /// The flags, of which only DO is known.
    pub(crate) flags: u16,
    /// Whether the client wants to know who answers (RFC 5001 2.1).
    pub(crate) asks_nsid: bool,
    /// The COOKIE option; of several the first (RFC 7873 5).
    pub(crate) cookie: Option<ClientOption>,
}

/// A message that is no query to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// A response, or less than a header: answering could loop (RFC 1035 4.1.1).
    Ignored,
    /// Not to be understood.
    Malformed,
    /// An operation that is not offered but known: NOTIFY and UPDATE.
    Forbidden,
    /// An operation that nobody knows.
    Unknown,
}

impl<'m> Query<'m> {
    /// Reads a message.
    pub(crate) fn read(message: &'m [u8]) -> Result<Self, Rejection> {
        let header: &[u8; HEADER_LEN] = message.first_chunk().ok_or(Rejection::Ignored)?;
        let [_, _, f0, f1, qd0, qd1, an0, an1, ns0, ns1, ar0, ar1] = *header;
        let flags = u16::from_be_bytes([f0, f1]);
        if flags & flag::RESPONSE != 0 {
            return Err(Rejection::Ignored);
        }
        match flags & flag::OPCODE {
            opcode::QUERY => {}
            opcode::NOTIFY | opcode::UPDATE => return Err(Rejection::Forbidden),
            _ => return Err(Rejection::Unknown),
        }
        let others = usize::from(u16::from_be_bytes([an0, an1]))
            + usize::from(u16::from_be_bytes([ns0, ns1]));
        let additionals = usize::from(u16::from_be_bytes([ar0, ar1]));
        // RFC 9619: a query has exactly one question.
        match u16::from_be_bytes([qd0, qd1]) {
            0 => return Self::read_empty(message, others, additionals),
            1 => {}
            _ => return Err(Rejection::Malformed),
        }
        let name = QuestionName::read(message, HEADER_LEN).ok_or(Rejection::Malformed)?;
        let at = HEADER_LEN + name.as_wire().len();
        let qtype = u16_at(message, at).ok_or(Rejection::Malformed)?;
        let class = u16_at(message, at + 2).ok_or(Rejection::Malformed)?;
        let question_end = at + 4;
        let edns = read_edns(message, question_end, others, additionals)?;
        let (qtype, has_question) = (RecordType(qtype), true);
        Ok(Self { message, question_end, name, qtype, class, edns, has_question })
    }

    /// Reads what follows the header of a message without a question, which has to have a cookie.
    fn read_empty(message: &'m [u8], others: usize, additionals: usize) -> Result<Self, Rejection> {
        let edns = read_edns(message, HEADER_LEN, others, additionals)?;
        if edns.and_then(|edns| edns.cookie).is_none() {
            return Err(Rejection::Malformed);
        }
        let name = QuestionName::read(&[0], 0).ok_or(Rejection::Malformed)?;
        let (qtype, question_end) = (RecordType(0), HEADER_LEN);
        Ok(Self { message, question_end, name, qtype, class: 0, edns, has_question: false })
    }
}

impl Query<'_> {
    /// Whether the client sent a server cookie, of whomever.
    pub(crate) fn has_server_cookie(&self) -> bool {
        let cookie = self.edns.and_then(|edns| edns.cookie);
        matches!(cookie, Some(ClientOption::Cookie { has_server: true, .. }))
    }

    /// Whether the client leaves it to us to find out (RFC 1035 4.1.1, RD).
    pub(crate) fn wants_recursion(&self) -> bool {
        u16_at(self.message, 2).is_some_and(|flags| flags & flag::RECURSION_DESIRED != 0)
    }
}

/// Walks the records behind the question for an OPT record. A second one, or one outside the
/// additional section, makes the message malformed (RFC 6891 6.1.1). Bytes behind the last record
/// are tolerated.
fn read_edns(
    message: &[u8],
    mut at: usize,
    others: usize,
    additionals: usize,
) -> Result<Option<Edns>, Rejection> {
    let mut edns = None;
    for index in 0..others + additionals {
        let record = Record::read(message, at).ok_or(Rejection::Malformed)?;
        if record.rtype == RecordType::OPT {
            let misplaced = index < others || edns.is_some() || !record.at_root;
            if misplaced {
                return Err(Rejection::Malformed);
            }
            edns = Some(Edns::read(&record).ok_or(Rejection::Malformed)?);
        }
        at = record.end;
    }
    Ok(edns)
}

impl Edns {
    /// Reads an OPT record: what stands in its fields, and a sequence of options, of which those
    /// that are not known are ignored (RFC 6891 6.1.2).
    fn read(record: &Record<'_>) -> Option<Self> {
        let [_, version, f0, f1] = record.ttl;
        let flags = u16::from_be_bytes([f0, f1]);
        let mut edns =
            Self { payload: record.class, version, flags, asks_nsid: false, cookie: None };
        let mut rdata = record.rdata;
        while !rdata.is_empty() {
            let (code, len) = (u16_at(rdata, 0)?, u16_at(rdata, 2)?);
            let (data, rest) = rdata.get(4..)?.split_at_checked(len.into())?;
            match code {
                NSID => edns.asks_nsid = true,
                COOKIE if edns.cookie.is_none() => edns.cookie = Some(ClientOption::read(data)),
                _ => {}
            }
            rdata = rest;
        }
        Some(edns)
    }
}

/// A record somewhere in a message, as far as skipping it needs.
struct Record<'m> {
    at_root: bool,
    rtype: RecordType,
    class: u16,
    ttl: [u8; 4],
    rdata: &'m [u8],
    end: usize,
}

impl<'m> Record<'m> {
    fn read(message: &'m [u8], at: usize) -> Option<Self> {
        let fixed = skip_name(message, at)?;
        let rdata_at = fixed + 10;
        let end = rdata_at + usize::from(u16_at(message, fixed + 8)?);
        Some(Self {
            at_root: fixed == at + 1,
            rtype: RecordType(u16_at(message, fixed)?),
            class: u16_at(message, fixed + 2)?,
            ttl: *message.get(fixed + 4..)?.first_chunk()?,
            rdata: message.get(rdata_at..end)?,
            end,
        })
    }
}

/// The end of the name at `at`. Pointers are not followed, so nothing can loop.
fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let len = *message.get(at)?;
        match len {
            0 => return Some(at + 1),
            1..=63 => at += 1 + usize::from(len),
            _ if u16_at(message, at)? & POINTER == POINTER => return Some(at + 2),
            _ => return None,
        }
    }
}
