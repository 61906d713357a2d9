//! One line, as Route 53 Resolver query logs have it ("Values that appear in Resolver query logs").

use dns_core::Transport;
use hickory_proto::{
    op::{Message, ResponseCode},
    rr::Record,
};
use serde_json::{Value, json};

use super::Entry;

/// The version of the format that the names are from.
const VERSION: &str = "1.100000";

/// The line of an entry; none if nothing was asked that could be read.
pub(super) fn of(entry: &Entry, account: Option<&str>, region: &str) -> Option<String> {
    let reply = Message::from_vec(&entry.reply).ok()?;
    let query = reply.queries.first()?;
    let millis = i64::try_from(entry.at.as_millis()).ok()?;
    let at = jiff::Timestamp::from_millisecond(millis).ok()?;
    let line = json!({
        "version": VERSION,
        "account_id": account,
        "region": region,
        "vpc_id": entry.vpc.to_string(),
        "query_timestamp": at.to_string(),
        "query_name": query.name().to_string(),
        "query_type": query.query_type().to_string(),
        "query_class": query.query_class().to_string(),
        "rcode": code(reply.metadata.response_code),
        "answers": reply.answers.iter().map(answer).collect::<Vec<_>>(),
        "srcaddr": entry.peer.ip().to_canonical().to_string(),
        "srcport": entry.peer.port().to_string(),
        "transport": match entry.transport {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        },
    });
    Some(line.to_string())
}

fn answer(record: &Record) -> Value {
    json!({
        "Rdata": record.data.to_string(),
        "Type": record.record_type().to_string(),
        "Class": record.dns_class.to_string(),
    })
}

fn code(code: ResponseCode) -> String {
    match u16::from(code) {
        0 => "NOERROR".to_owned(),
        1 => "FORMERR".to_owned(),
        2 => "SERVFAIL".to_owned(),
        3 => "NXDOMAIN".to_owned(),
        4 => "NOTIMP".to_owned(),
        5 => "REFUSED".to_owned(),
        23 => "BADCOOKIE".to_owned(),
        other => other.to_string(),
    }
}
