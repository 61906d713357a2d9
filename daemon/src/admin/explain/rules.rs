//! What security groups say, in words. Does not know whose they are.

use dataplane_core::explain::Rules;
use model::{InboundRule, SecurityGroupId, Transport};
use serde_json::{Value, json};

/// What groups say about a client; `why_everybody` if they say nothing.
pub(super) fn judged(groups: &[SecurityGroupId], rules: &Rules, why_everybody: &str) -> String {
    let groups: Vec<_> = groups.iter().map(ToString::to_string).collect();
    let groups = groups.join(", ");
    match rules {
        Rules::Everybody => format!("everybody is admitted, {why_everybody}"),
        Rules::Admit(rules) => format!("{groups} admits the client: {}", list(rules)),
        Rules::AdmitOthers(rules) if rules.is_empty() => {
            format!("{groups} admits nobody to the port")
        }
        Rules::AdmitOthers(rules) => {
            format!("{groups} does not admit the client, but others: {}", list(rules))
        }
    }
}

fn list(rules: &[InboundRule]) -> String {
    let rules: Vec<_> = rules.iter().map(rule).collect();
    rules.join("; ")
}

fn rule(rule: &InboundRule) -> String {
    let transport = match rule.transport {
        Transport::Any => "all protocols",
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
    };
    let ports = match (rule.from_port, rule.to_port) {
        (0, u16::MAX) => "all ports".to_owned(),
        (from, to) if from == to => format!("port {from}"),
        (from, to) => format!("ports {from}-{to}"),
    };
    format!("{}, {transport}, {ports}", rule.source)
}

/// The same for programs.
pub(super) fn rule_facts(groups: &[SecurityGroupId], rules: &Rules) -> Value {
    let (admitted, rules) = match rules {
        Rules::Everybody => (true, &[][..]),
        Rules::Admit(rules) => (true, &rules[..]),
        Rules::AdmitOthers(rules) => (false, &rules[..]),
    };
    json!({ "security_groups": groups, "admitted": admitted, "rules": rules })
}
