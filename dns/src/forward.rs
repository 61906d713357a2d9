//! Questions about names that are not ours, for clients whose view says where to ask.
//!
//! A [`Forwarder`] takes such a question and gives the reply's bytes: from its cache, or from the
//! servers of the longest rule that holds the name. Bounded are the questions under way, the cache
//! and the time; when no server answers, an answer that has expired is better than none, and that
//! failing it says so. Relies on the core for which questions are not ours. Does not know sockets
//! of clients.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use dns_core::{ForwardPlan, Name, Transport, UDP_LEN_MAX};
use hickory_proto::{
    op::{Edns, Message, MessageType, OpCode, ResponseCode},
    rr::{self, LowerName, RData, Record},
};
use model::Clock;
use tokio::{sync::Semaphore, time::timeout};

use self::{
    cache::{Cache, Kept, Key},
    under_way::{Answered, Turn, UnderWay},
};
use crate::{inspector::ForwardRule, metrics::ForwardAnswers};

mod cache;
mod under_way;
pub(crate) mod upstream;

/// Questions under way at a time; each holds a socket. More fail at once.
const UNDER_WAY_MAX: usize = 512;
/// How long to wait for servers when there is an answer that has expired (RFC 8767 5).
const STALE_AFTER: Duration = Duration::from_millis(1800);
/// The largest reply over UDP to a client without EDNS (RFC 1035 4.2.1).
const PLAIN_LEN_MAX: usize = 512;

/// Where to ask about names that are not ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forward {
    /// The servers for whatever no rule is about; with none, such questions are refused.
    pub servers: Vec<SocketAddr>,
    /// Rules for domains; the longest that holds a name counts.
    pub rules: Vec<Rule>,
}

/// Where to ask about the names of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The domain.
    pub domain: Name,
    /// Its servers, in the order in which they are tried.
    pub servers: Vec<SocketAddr>,
}

/// Servers for a domain, numbered so that what they say is kept apart from what others say.
struct Group {
    domain: rr::Name,
    servers: Vec<SocketAddr>,
    number: usize,
}

/// Asks other servers.
pub(crate) struct Forwarder {
    /// By plan; in each the longest domain first.
    plans: Vec<Vec<Group>>,
    cache: Mutex<Cache>,
    places: Semaphore,
    under_way: UnderWay,
    clock: Arc<dyn Clock>,
    answers: ForwardAnswers,
}

impl Forwarder {
    /// A forwarder for these plans.
    pub(crate) fn new(plans: &[Forward], clock: Arc<dyn Clock>) -> Self {
        let mut number = 0;
        let mut group = |domain: rr::Name, servers: &[SocketAddr]| {
            number += 1;
            Group { domain, servers: servers.to_vec(), number }
        };
        let mut groups = |plan: &Forward| {
            let mut groups = vec![group(rr::Name::root(), &plan.servers)];
            for rule in &plan.rules {
                let domain = rr::Name::from_ascii(rule.domain.to_string());
                groups.push(group(domain.unwrap_or_else(|_| rr::Name::root()), &rule.servers));
            }
            groups.sort_by_key(|group| std::cmp::Reverse(group.domain.num_labels()));
            groups
        };
        let plans = plans.iter().map(&mut groups).collect();
        let (cache, places) = (Mutex::default(), Semaphore::new(UNDER_WAY_MAX));
        let (under_way, answers) = (UnderWay::default(), ForwardAnswers::new());
        Self { plans, cache, places, under_way, clock, answers }
    }

    /// The reply to a question; none if it cannot be read. `aliases` is what we answer to it
    /// ourselves, if that is aliases that lead to a name that is not ours.
    pub(crate) async fn reply(
        &self,
        plan: ForwardPlan,
        question: &[u8],
        aliases: Option<&[u8]>,
        transport: Transport,
    ) -> Option<Vec<u8>> {
        let client = Message::from_vec(question).ok()?;
        let aliases = aliases.and_then(|bytes| Message::from_vec(bytes).ok());
        let aliases = aliases.map(|reply| reply.answers).unwrap_or_default();
        let target = aliases.iter().rev().find_map(|record| match &record.data {
            RData::CNAME(target) => Some(target.0.clone()),
            _ => None,
        });
        let answer = match target {
            None => self.answer(plan, &client).await,
            Some(target) => {
                let mut on = client.clone();
                for query in &mut on.queries {
                    query.set_name(target.clone());
                }
                match self.answer(plan, &on).await {
                    // There is nobody to ask: the aliases are all that is known.
                    Err(ResponseCode::Refused) => Ok(Message::response(0, OpCode::Query)),
                    answer => answer,
                }
            }
        };
        encode(reply_to(&client, aliases, answer), &client, transport)
    }

    /// What is known about a question, or is found out.
    async fn answer(&self, plan: ForwardPlan, client: &Message) -> Answered {
        let query = client.queries.first().ok_or(ResponseCode::FormErr)?;
        let groups = self.plans.get(plan.0).ok_or(ResponseCode::Refused)?;
        let group = groups.iter().find(|group| group.domain.zone_of(query.name()));
        let Some(group) = group.filter(|group| !group.servers.is_empty()) else {
            self.answers.refused.increment(1);
            return Err(ResponseCode::Refused);
        };
        let dnssec_ok = client.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
        let key = Key {
            group: group.number,
            name: LowerName::new(query.name()),
            rtype: query.query_type(),
            class: query.query_class(),
            flags: (dnssec_ok, client.metadata.checking_disabled),
        };
        loop {
            let stale = match self.kept(&key) {
                Some(Kept::Fresh(message)) => {
                    self.answers.hit.increment(1);
                    return Ok(message);
                }
                Some(Kept::Stale(message)) => Some(message),
                None => None,
            };
            match self.under_way.join(&key) {
                Turn::Lead(lead) => {
                    let answer = self.ask(group, client, &key, stale).await;
                    lead.tell(&answer);
                    return answer;
                }
                Turn::Follow(mut told, _permit) => {
                    // Gone without an answer: one of those who followed asks.
                    let Ok(answer) = told.wait_for(Option::is_some).await else { continue };
                    return answer.clone().unwrap_or(Err(ResponseCode::ServFail));
                }
                Turn::Full => return self.stale_or_failure(stale),
            }
        }
    }

    /// Asks the servers of a group, and keeps what they say.
    async fn ask(
        &self,
        group: &Group,
        client: &Message,
        key: &Key,
        stale: Option<Message>,
    ) -> Answered {
        let Ok(_place) = self.places.try_acquire() else {
            return self.stale_or_failure(stale);
        };
        let asked = upstream::ask(&group.servers, client);
        let answer = match stale {
            Some(_) => timeout(STALE_AFTER, asked).await.ok().flatten(),
            None => asked.await,
        };
        let Some(answer) = answer else { return self.stale_or_failure(stale) };
        self.answers.miss.increment(1);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.put(key.clone(), &answer, self.clock.monotonic());
        Ok(answer)
    }

    fn stale_or_failure(&self, stale: Option<Message>) -> Result<Message, ResponseCode> {
        let counter = if stale.is_some() { &self.answers.stale } else { &self.answers.failed };
        counter.increment(1);
        stale.ok_or(ResponseCode::ServFail)
    }

    /// The rule by which a name goes on.
    pub(crate) fn rule_of(&self, plan: ForwardPlan, name: &Name) -> Option<ForwardRule> {
        let name = rr::Name::from_ascii(name.to_string()).ok()?;
        let group = self.plans.get(plan.0)?.iter().find(|group| group.domain.zone_of(&name))?;
        Some(ForwardRule { domain: group.domain.to_string(), servers: group.servers.clone() })
    }

    fn kept(&self, key: &Key) -> Option<Kept> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(key, self.clock.monotonic())
    }
}

/// The reply to a client: its own question and flags, aliases of ours, and what was answered.
fn reply_to(client: &Message, aliases: Vec<Record>, answer: Answered) -> Message {
    let mut reply = Message::new(client.metadata.id, MessageType::Response, OpCode::Query);
    reply.metadata.recursion_desired = client.metadata.recursion_desired;
    reply.metadata.checking_disabled = client.metadata.checking_disabled;
    reply.metadata.recursion_available = true;
    reply.queries.clone_from(&client.queries);
    match answer {
        Ok(answer) => {
            reply.metadata.response_code = answer.metadata.response_code;
            // RFC 1035 4.1.1: whose the first name is.
            reply.metadata.authoritative = !aliases.is_empty();
            reply.answers = aliases;
            reply.answers.extend(answer.answers);
            reply.authorities = answer.authorities;
            reply.additionals = answer.additionals;
        }
        Err(code) => reply.metadata.response_code = code,
    }
    if let Some(asked) = &client.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(u16::try_from(UDP_LEN_MAX).unwrap_or(u16::MAX));
        edns.set_dnssec_ok(asked.flags().dnssec_ok);
        reply.set_edns(edns);
    }
    reply
}

/// The bytes, cut to the question with TC set if the client does not take them all.
fn encode(mut reply: Message, client: &Message, transport: Transport) -> Option<Vec<u8>> {
    let bytes = reply.to_vec().ok()?;
    let len_max = match (transport, &client.edns) {
        (Transport::Tcp, _) => return Some(bytes),
        (Transport::Udp, None) => PLAIN_LEN_MAX,
        (Transport::Udp, Some(edns)) => {
            usize::from(edns.max_payload()).clamp(PLAIN_LEN_MAX, UDP_LEN_MAX)
        }
    };
    if bytes.len() <= len_max {
        return Some(bytes);
    }
    reply.metadata.truncation = true;
    reply.answers.clear();
    reply.authorities.clear();
    reply.additionals.clear();
    reply.to_vec().ok()
}
