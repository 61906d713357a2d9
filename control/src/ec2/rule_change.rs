//! Adding rules to a security group and taking them away, the same for both directions.

use control_core::{
    Command, Outcome,
    command::RuleChoice,
    resource::{Direction, Peer, ResourceKind},
};

use super::{
    describe::Listed,
    id::{ids, required_id},
    rule_input::rules,
    shape::security_group_rule::{SecurityGroupRuleView, write_rule},
    tag,
};
use crate::{
    api::Call,
    query::{Fault, Xml},
};

/// Adds rules.
pub(super) async fn authorize(call: &Call<'_>, direction: Direction) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["GroupName"])?;
    let group = required_id(&input, "GroupId")?;
    let tags = tag::specification(&input, ResourceKind::SecurityGroupRule)?;
    let registry = call.registry();
    let mut rules = rules(registry.view(call.caller()), &input, group, direction)?;
    rules.iter_mut().for_each(|rule| rule.tags = tags.clone());
    let change = call.change(&input)?;

    let command = Command::AuthorizeSecurityGroup { group, rules };
    let Outcome::RulesAdded { group, rules } = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let registry = call.registry();
    let view = registry.view(call.caller());
    let added = SecurityGroupRuleView::of(view, &group, |id| rules.contains(&id));
    let mut xml = Xml::yes();
    xml.list(SecurityGroupRuleView::SET, "item", added, |xml, rule| rule.write(xml));
    Ok(xml)
}

/// Takes rules away, by what they allow or by their ids.
pub(super) async fn revoke(call: &Call<'_>, direction: Direction) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["GroupName"])?;
    let group = required_id(&input, "GroupId")?;
    let by_id = ids(&input, "SecurityGroupRuleId")?.into_iter().map(RuleChoice::Id);
    let registry = call.registry();
    let written = rules(registry.view(call.caller()), &input, group, direction)?;
    let by_traffic = written.into_iter().map(|rule| RuleChoice::Traffic(rule.traffic));
    let rules = by_id.chain(by_traffic).collect();
    let change = call.change(&input)?;

    let command = Command::RevokeSecurityGroup { group, direction, rules };
    let Outcome::RulesRevoked { group, rules } = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::yes();
    xml.values("unknownIpPermissionSet", "item", [""; 0]);
    xml.list("revokedSecurityGroupRuleSet", "item", rules, |xml, (id, rule)| {
        write_rule(xml, group, id, &rule);
        if let Peer::Group(id) = rule.traffic.peer {
            xml.value("referencedGroupId", id);
        }
    });
    Ok(xml)
}
