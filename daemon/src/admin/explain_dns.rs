//! `GET /explain-dns?name=..&from=..`: why a client gets the answer that it gets, as JSON or, with
//! `format=text`, in words. Does not know how any of it was found out.

use std::fmt::Write as _;

use dns::{
    Inspector,
    explain::{
        Because, ClientZone, EndpointFacts, EndpointName, Found, InterfaceFacts, Source, Step, Use,
        ZoneHealth, endpoint_of_name,
    },
    inspector::{AnswerText, Explained, Question, record_type},
};
use model::{DnsRecordIpType, VpcId, ZoneTrouble};
use serde_json::{Value, json};

use super::parameter::{Form, Parameters, wrong};

/// Explains what the query of a request asks for; or says what is wrong with it.
pub(super) async fn answer(
    inspector: &Inspector,
    query: Option<&str>,
) -> Result<(Form, String), String> {
    let (question, form) = read(query.unwrap_or_default())?;
    let explained = inspector.explain(&question).await.map_err(|error| error.to_string())?;
    Ok(match form {
        Form::Json => (form, format!("{}\n", told(&question, &explained))),
        Form::Text => (form, worded(&question, &explained)),
    })
}

fn read(query: &str) -> Result<(Question, Form), String> {
    let parameters = Parameters(query);
    let missing = |name: &str| format!("the parameter {name} is missing; expected name and from");
    let name = parameters.text("name").ok_or_else(|| missing("name"))?;
    let rtype = parameters.text("type").unwrap_or_else(|| "A".to_owned());
    let question = Question {
        name: name.to_ascii_lowercase().parse().map_err(|_| wrong("name", &name))?,
        client: parameters.value("from")?.ok_or_else(|| missing("from"))?,
        rtype: record_type(&rtype).ok_or_else(|| wrong("type", &rtype))?,
        at: parameters.value("at")?,
    };
    Ok((question, parameters.form()?))
}

fn told(question: &Question, explained: &Explained) -> Value {
    let Explained { explanation, forward, answer } = explained;
    let forward = forward.as_ref().map(|rule| {
        let servers: Vec<_> = rule.servers.iter().map(ToString::to_string).collect();
        json!({ "domain": rule.domain, "servers": servers })
    });
    let answer = answer.as_ref().map(|answer| {
        json!({
            "code": answer.code,
            "authoritative": answer.is_authoritative,
            "answers": answer.records,
            "authorities": answer.authorities,
        })
    });
    json!({
        "name": question.name.to_string(),
        "type": question.rtype.0,
        "from": question.client.to_string(),
        "generation": explanation.generation.0,
        "view": view(explanation.view),
        "because": because(explanation.because),
        "steps": explanation.steps.iter().map(step).collect::<Vec<_>>(),
        "forward": forward,
        "elsewhere": explanation.elsewhere.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "answer": answer,
    })
}

fn step(step: &Step) -> Value {
    let endpoint = step.endpoint.as_ref().map(|facts| {
        json!({
            "id": facts.endpoint.id.to_string(),
            "vpc": facts.endpoint.vpc.to_string(),
            "service": facts.endpoint.service.to_string(),
            "state": facts.endpoint.state.to_string(),
            "dns_record_ip_type": ip_type(facts.endpoint.dns_record_ip_type),
            "name": name_kind(&facts.name),
            "client_zone": facts.client_zone.as_ref().map(client_zone),
            "interfaces": facts.interfaces.iter().map(interface).collect::<Vec<_>>(),
        })
    });
    json!({
        "name": step.name.to_string(),
        "source": source(&step.source),
        "wildcard": step.wildcard.as_ref().map(ToString::to_string),
        "found": found(&step.found),
        "endpoint": endpoint,
    })
}

fn client_zone(it: &ClientZone) -> Value {
    json!({ "zone": it.zone.to_string(), "kept_percent": it.policy.own_zone_percent() })
}

fn interface(facts: &InterfaceFacts) -> Value {
    let addresses = facts.addresses.iter().map(|(address, it)| {
        let is_given = matches!(it, Use::Given | Use::GivenAtTimes | Use::GivenForWantOfBetter);
        json!({ "address": address.to_string(), "given": is_given, "why": why(*it, facts.health) })
    });
    json!({
        "zone": facts.zone.to_string(),
        "healthy": facts.health == ZoneHealth::Healthy,
        "reason": reason(facts.health),
        "addresses": addresses.collect::<Vec<_>>(),
    })
}

/// The explanation as a person reads it.
fn worded(question: &Question, explained: &Explained) -> String {
    let Explained { explanation, forward, answer } = explained;
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    line(format!("view: {}, because {}", view(explanation.view), because(explanation.because)));
    for step in &explanation.steps {
        let wildcard = step.wildcard.as_ref();
        let by = wildcard.map(|it| format!(" by the wildcard {it}")).unwrap_or_default();
        let (source, found) = (source(&step.source), found(&step.found));
        line(format!("name: {}: {source}{by}: {found}", step.name));
    }
    if let Some(facts) = explanation.steps.iter().rev().find_map(|it| it.endpoint.as_ref()) {
        line(endpoint(facts));
        if let Some(ClientZone { zone, policy }) = &facts.client_zone {
            let percent = policy.own_zone_percent();
            line(format!("client: in {zone}, and kept there in {percent} % of answers"));
        }
        for interface in &facts.interfaces {
            for (address, it) in &interface.addresses {
                line(format!("  {} {address}: {}", interface.zone, why(*it, interface.health)));
            }
        }
    } else if let Some(id) = endpoint_of_name(&question.name) {
        line(format!("endpoint: no endpoint {id} with this name is pending or available"));
    }
    if let Some(rule) = forward {
        let servers: Vec<_> = rule.servers.iter().map(ToString::to_string).collect();
        let servers =
            if servers.is_empty() { "nobody, so refused".to_owned() } else { servers.join(", ") };
        line(format!("forwarded: by the rule for {} to {servers}", rule.domain));
    }
    for vpc in &explanation.elsewhere {
        let is_own = Some(*vpc) == explanation.view;
        let what = if is_own { " to clients who ask from outside it on its behalf" } else { "" };
        line(format!("elsewhere: the name is answered in the view of {vpc}{what}"));
    }
    write_answer(&mut text, answer.as_ref(), explanation.generation.0);
    text
}

fn endpoint(facts: &EndpointFacts) -> String {
    let EndpointFacts { endpoint, name, .. } = facts;
    format!(
        "endpoint: {} of {} to {}, {}, DNS record IP type {}; its {}",
        endpoint.id,
        endpoint.vpc,
        endpoint.service,
        endpoint.state,
        ip_type(endpoint.dns_record_ip_type),
        name_kind(name),
    )
}

fn write_answer(text: &mut String, answer: Option<&AnswerText>, generation: u64) {
    let Some(answer) = answer else {
        text.push_str("answer: none\n");
        return;
    };
    let authority = if answer.is_authoritative { ", authoritative" } else { "" };
    let count = answer.records.len();
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "answer: {}{authority}, records: {count}, from generation {generation}",
        answer.code
    );
    for record in &answer.records {
        let _ = writeln!(text, "  {record}");
    }
}

fn view(vpc: Option<VpcId>) -> String {
    vpc.map_or_else(|| "public".to_owned(), |vpc| vpc.to_string())
}

fn because(because: Because) -> String {
    match because {
        Because::Listener => "the address asked is in this VPC".to_owned(),
        Because::Prefix { prefix, is_inside: true } => {
            format!("the client is in {prefix}, addresses of the VPC")
        }
        Because::Prefix { prefix, is_inside: false } => {
            format!("the client is in {prefix}, which the configuration gives to the VPC")
        }
        Because::Ambiguous(prefix) => {
            format!("the client is in {prefix}, which is more than one VPC's")
        }
        Because::SeesNothingMore(vpc) => {
            format!("the client is in {vpc}, which has no names of its own")
        }
        Because::Unknown => "no known VPC has the client's address".to_owned(),
    }
}

fn source(source: &Source) -> String {
    match source {
        Source::PrivateNames => "private DNS name".to_owned(),
        Source::InterfaceAddresses => "name of an interface address".to_owned(),
        Source::EndpointZone(apex) => format!("in the zone of endpoints {apex}"),
        Source::StaticZone(apex, None) => format!("in the zone file of {apex}, for all"),
        Source::StaticZone(apex, Some(vpc)) => format!("in the zone file of {apex}, for {vpc}"),
        Source::Nowhere => "in no zone of this view".to_owned(),
    }
}

fn found(found: &Found) -> String {
    match found {
        Found::Records => "records found".to_owned(),
        Found::Alias(target) => format!("alias of {target}"),
        Found::NoData => "the name exists, without records of this type".to_owned(),
        Found::Delegation(cut) => format!("delegated at {cut}"),
        Found::Absent => "not found".to_owned(),
    }
}

fn name_kind(name: &EndpointName) -> String {
    match name {
        EndpointName::Regional => "Regional name".to_owned(),
        EndpointName::Zonal(zone) => format!("zonal name for {zone}"),
        EndpointName::Private => "private DNS name".to_owned(),
    }
}

fn ip_type(kind: DnsRecordIpType) -> &'static str {
    match kind {
        DnsRecordIpType::Ipv4 => "ipv4",
        DnsRecordIpType::Ipv6 => "ipv6",
        DnsRecordIpType::Dualstack => "dualstack",
        DnsRecordIpType::ServiceDefined => "service-defined",
    }
}

/// Why a zone is unhealthy, for programs.
fn reason(health: ZoneHealth) -> Option<&'static str> {
    match health {
        ZoneHealth::Healthy => None,
        ZoneHealth::NotBound => Some("not_bound"),
        ZoneHealth::NoLoadBalancer => Some("no_load_balancer"),
        ZoneHealth::Unhealthy(ZoneTrouble::Shifted) => Some("zonal_shift"),
        ZoneHealth::Unhealthy(ZoneTrouble::NoTargetGroup) => Some("no_target_group"),
        ZoneHealth::Unhealthy(ZoneTrouble::TooFewHealthy { .. }) => Some("too_few_healthy"),
    }
}

fn in_the_way(trouble: ZoneTrouble) -> String {
    match trouble {
        ZoneTrouble::Shifted => "a zonal shift keeps the zone out".to_owned(),
        ZoneTrouble::NoTargetGroup => "its load balancer forwards to no target group".to_owned(),
        ZoneTrouble::TooFewHealthy { group, targets: 0, .. } => {
            format!("target group {group} has no target for the zone")
        }
        ZoneTrouble::TooFewHealthy { group, healthy: 0, targets } => {
            format!("target group {group} has no healthy target among {targets} for the zone")
        }
        ZoneTrouble::TooFewHealthy { group, healthy, targets } => format!(
            "target group {group} has {healthy} healthy targets among {targets} for the zone, \
             fewer than its target_group_health.dns_failover attributes want"
        ),
    }
}

fn why(it: Use, health: ZoneHealth) -> String {
    let lack = match health {
        ZoneHealth::Healthy => String::new(),
        ZoneHealth::NotBound => "not all its addresses are bound".to_owned(),
        ZoneHealth::NoLoadBalancer => "it has no load balancer".to_owned(),
        ZoneHealth::Unhealthy(trouble) => in_the_way(trouble),
    };
    match it {
        Use::Given => "given".to_owned(),
        Use::GivenForWantOfBetter => format!("given for want of a better one, although {lack}"),
        Use::GivenAtTimes => "given when the client is not kept in its own zone".to_owned(),
        Use::OtherZone => "left out: the client is kept in its own zone".to_owned(),
        Use::Unhealthy => format!("left out: {lack}"),
        Use::LeftOutByType => "left out by the DNS record IP type".to_owned(),
        Use::NotAsked => "not asked for".to_owned(),
    }
}
