//! From a question's bytes to the reply's (RFC 1034 4.3.2, as amended by what is cited below).
//!
//! One function, total over all inputs: it allocates nothing, waits for nothing and panics on
//! nothing. Does not know how the bytes came, beyond what limits their length.

use crate::{
    identity::CLASS_CHAOS,
    outcome::{Answer, Outcome, Transport},
    query::{Query, Rejection},
    reply::{Reply, Section},
    search::{Search, Verdict},
    terms::{Cookie, Standing, Terms},
    view::View,
    wire::{CLASS_ANY, CLASS_IN, HEADER_LEN, OPT_LEN, Rcode, RecordType, UDP_LEN_MAX, flag},
};

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
/// A UDP reply needs a buffer of [`UDP_LEN_MAX`], a TCP reply one of
/// [`TCP_LEN_MAX`](crate::TCP_LEN_MAX); with less, it is truncated earlier.
pub fn answer_on(terms: &Terms<'_>, view: &View, message: &[u8], buffer: &mut [u8]) -> Answer {
    match Query::read(message) {
        Ok(query) => reply_to(terms, view, &query, buffer),
        Err(rejection) => reject(message, rejection, buffer),
    }
}

/// What we ourselves answer to a question that goes on to others: aliases, if the name is ours and
/// they lead to one that is not. The buffer is as for [`answer`].
pub fn aliases<'b>(view: &View, message: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let mut unasked = message.to_vec();
    // Whoever does not want recursion gets what there is.
    let [flags, _] = flag::RECURSION_DESIRED.to_be_bytes();
    *unasked.get_mut(2)? &= !flags;
    let answer = answer(view, &unasked, Transport::Tcp, 0, buffer);
    (answer.outcome == Outcome::NoError).then(|| &buffer[..answer.len])
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
    Answer { len, outcome, truncated, cookie: standing.told(), is_alias: false }
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
        let is_alias = reply.has_answers();
        return Answer { cookie, is_alias, ..Answer::without_cookie(0, Outcome::Forwarded) };
    }
    if view.forward_plan().is_some() {
        reply.offer_recursion();
    }
    let (len, truncated) = reply.finish(verdict.rcode, verdict.is_authoritative);
    Answer { len, outcome: verdict.outcome, truncated, cookie, is_alias: false }
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
    let (transport, client, turn) = (terms.transport, terms.client, terms.turn);
    let verdict = Search { view, query, transport, client, turn }.run(reply);
    Verdict { is_authoritative: verdict.is_authoritative && query.class == CLASS_IN, ..verdict }
}

/// Whether the question is for a class that is not served (of which class ANY holds IN, RFC 1035
/// 3.2.5) or for a whole zone, which is not given away (RFC 5936 6).
fn is_refused(query: &Query<'_>) -> bool {
    !matches!(query.class, CLASS_IN | CLASS_ANY)
        || matches!(query.qtype, RecordType::AXFR | RecordType::IXFR)
}
