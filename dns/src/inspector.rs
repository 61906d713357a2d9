//! Looking at a running server from beside: why a question is answered as it is, and how old what
//! is answered from is. Costs the answering threads nothing: it reads what they read. Does not know
//! who asks, nor in what form it is told.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use arc_swap::ArcSwap;
use dns_core::{
    Catalog, Name, RecordType, TCP_LEN_MAX, Terms, Transport, answer_on,
    explain::{Asked, Explanation, explain, question},
};
use hickory_proto::op::Message;
use model::{Clock, Health, Snapshot, VpcId};

use crate::{forward::Forwarder, hand_off::aliases_of, metrics, viewpoint::Viewpoint};

/// What is answered from, and what it was made of.
pub(crate) struct Moment {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) health: Arc<Health>,
    /// When the snapshot came.
    pub(crate) taken: Instant,
}

/// Looks at a server; clones look at the same.
#[derive(Clone)]
pub struct Inspector {
    pub(crate) moment: Arc<ArcSwap<Moment>>,
    pub(crate) forwarder: Arc<Forwarder>,
    pub(crate) listeners: Arc<[(SocketAddr, Viewpoint)]>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Inspector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inspector").field("listeners", &self.listeners).finish_non_exhaustive()
    }
}

/// A question as a client asks it.
#[derive(Clone, Debug)]
pub struct Question {
    /// The name.
    pub name: Name,
    /// The type.
    pub rtype: RecordType,
    /// The client.
    pub client: IpAddr,
    /// The address asked, if it is not the one for everyone.
    pub at: Option<SocketAddr>,
}

/// Why a question is answered as it is, and the answer.
#[derive(Clone, Debug)]
pub struct Explained {
    /// How it is come by.
    pub explanation: Explanation,
    /// Which rule sends the question on, if one does.
    pub forward: Option<ForwardRule>,
    /// The answer itself; none if nobody gives one.
    pub answer: Option<AnswerText>,
}

/// Where a question goes that is not answered here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardRule {
    /// The domain that the rule is about; the root's rule is about all.
    pub domain: String,
    /// The servers, in the order in which they are tried; with none, the question is refused.
    pub servers: Vec<SocketAddr>,
}

/// An answer in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerText {
    /// The response code, as `dig` writes it.
    pub code: String,
    /// Whether it comes from whom it is about.
    pub is_authoritative: bool,
    /// The answer section, a record each.
    pub records: Vec<String>,
    /// The authority section, a record each.
    pub authorities: Vec<String>,
}

/// The server does not answer at this address.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("DNS is not served at {0}")]
pub struct NotServed(pub SocketAddr);

impl Inspector {
    /// Explains the answer to a question, which is asked for the sake of it: also where others have
    /// to be asked.
    ///
    /// # Errors
    ///
    /// When the server does not answer at the address asked.
    pub async fn explain(&self, asked: &Question) -> Result<Explained, NotServed> {
        let listener = self.listener(asked.at)?;
        let moment = self.moment.load_full();
        let explanation = explain(
            &moment.catalog,
            (&moment.snapshot, &moment.health),
            &Asked { name: &asked.name, rtype: asked.rtype, client: asked.client, listener },
        );
        let message = question(&asked.name, asked.rtype);
        let viewpoint = listener.map_or(Viewpoint::Client, Viewpoint::Network);
        let view = viewpoint.view(&moment.catalog, asked.client);
        let mut buffer = vec![0; TCP_LEN_MAX];
        let terms = Terms { client: asked.client, ..Terms::plain(Transport::Tcp, 0) };
        let answer = answer_on(&terms, view, &message, &mut buffer);
        let Some(plan) = explanation.forward else {
            let answer = AnswerText::read(&buffer[..answer.len]);
            return Ok(Explained { explanation, forward: None, answer });
        };
        let rule = self.forwarder.rule_of(plan, &asked.name);
        let aliases = aliases_of(view, &message, answer);
        let reply = self.forwarder.reply(plan, &message, aliases.as_deref(), Transport::Tcp).await;
        let answer = reply.and_then(|reply| AnswerText::read(&reply));
        Ok(Explained { explanation, forward: rule, answer })
    }

    /// The network of the address asked.
    fn listener(&self, at: Option<SocketAddr>) -> Result<Option<VpcId>, NotServed> {
        let Some(at) = at else { return Ok(None) };
        let serves = |addr: &SocketAddr| {
            let is_any = addr.ip().is_unspecified() && addr.port() == at.port();
            *addr == at || is_any
        };
        match self.listeners.iter().rev().find(|(addr, _)| serves(addr)) {
            None => Err(NotServed(at)),
            Some((_, Viewpoint::Client)) => Ok(None),
            Some((_, Viewpoint::Network(vpc))) => Ok(Some(*vpc)),
        }
    }

    /// Brings up to date what is measured only when somebody looks.
    pub fn measure(&self) {
        let age = self.clock.monotonic().saturating_duration_since(self.moment.load().taken);
        metrics::snapshot_age().set(age.as_secs_f64());
    }
}

impl AnswerText {
    fn read(bytes: &[u8]) -> Option<Self> {
        let message = Message::from_vec(bytes).ok()?;
        let code = u16::from(message.metadata.response_code);
        let code = match code {
            0 => "NOERROR".to_owned(),
            1 => "FORMERR".to_owned(),
            2 => "SERVFAIL".to_owned(),
            3 => "NXDOMAIN".to_owned(),
            4 => "NOTIMP".to_owned(),
            5 => "REFUSED".to_owned(),
            other => format!("RCODE {other}"),
        };
        let lines = |records: &[hickory_proto::rr::Record]| {
            records.iter().map(ToString::to_string).collect()
        };
        Some(Self {
            code,
            is_authoritative: message.metadata.authoritative,
            records: lines(&message.answers),
            authorities: lines(&message.authorities),
        })
    }
}

/// The type of a name such as `AAAA` or `TYPE65`.
pub fn record_type(text: &str) -> Option<RecordType> {
    let text = text.to_ascii_uppercase();
    let number = text.strip_prefix("TYPE").and_then(|number| number.parse().ok());
    let known = || text.parse().ok().map(|rtype: hickory_proto::rr::RecordType| rtype.into());
    number.or_else(known).map(RecordType)
}
