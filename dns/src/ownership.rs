//! Whether a domain has a TXT record with a value, as other servers see it (guide: "Domain
//! ownership verification").
//!
//! The record is looked for at a name below the domain, and, for those who cannot have underscores
//! in names, at the domain itself. Aliases are followed by the servers asked. Nothing is taken from
//! a cache or from our own zones: a tenant must not prove a domain to us by our own answers. Does
//! not know what is done about it.

use std::net::SocketAddr;

use dns_core::Name;
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query},
    rr::{self, RData, RecordType},
};

use crate::forward::upstream;

/// What looking for the record came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is there.
    Found,
    /// There is no TXT record at either name.
    Missing,
    /// There are TXT records, but none with the value.
    Different,
    /// No server gave an answer.
    Unanswered,
}

/// Asks the servers for the record, first at `record` and then at `domain`. The value is compared
/// byte by byte; a record's strings are one text (RFC 7208 3.3 reads them so, too).
pub async fn prove(servers: &[SocketAddr], record: &Name, domain: &Name, value: &str) -> Proof {
    let mut proof = Proof::Missing;
    for name in [record, domain] {
        proof = match texts(servers, name).await {
            Some(texts) if texts.iter().any(|text| text == value.as_bytes()) => {
                return Proof::Found;
            }
            // Without an answer nothing is known, whatever the other name has.
            None => Proof::Unanswered,
            Some(texts) if !texts.is_empty() && proof == Proof::Missing => Proof::Different,
            Some(_) => proof,
        };
    }
    proof
}

/// The TXT records of a name; none if no server answers.
async fn texts(servers: &[SocketAddr], name: &Name) -> Option<Vec<Vec<u8>>> {
    let name = rr::Name::from_ascii(name.to_string()).ok()?;
    let mut question = Message::new(0, MessageType::Query, OpCode::Query);
    question.add_query(Query::query(name, RecordType::TXT));
    let answer = upstream::ask(servers, &question).await?;
    let texts = answer.answers.iter().filter_map(|record| match &record.data {
        RData::TXT(txt) => Some(txt.txt_data.concat()),
        _ => None,
    });
    Some(texts.collect())
}
