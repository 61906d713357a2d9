//! Security groups and their rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ipnet::Ipv4Net;
use model::{SecurityGroupId, SecurityGroupRuleId, VpcId};

use super::{Decision, Desk};
use crate::{
    command::{CreateSecurityGroup, NewRule, RuleChoice},
    event::{Change, EventKind},
    outcome::Outcome,
    quota::Quota,
    record::Key,
    refusal::Refusal,
    registry::Registry,
    resource::{
        Direction, Peer, SecurityGroup, SecurityGroupRule, Traffic, security_group::DEFAULT_NAME,
    },
    tag::Tags,
};

/// Longest name and longest description (EC2 API, `CreateSecurityGroup`).
const TEXT_CHARS_MAX: usize = 255;
/// What names and descriptions may have besides letters and digits.
const TEXT_MARKS: &str = " ._-:/()#,@[]+=&;{}!$*";
/// How the names of groups may not start: it would be taken for an id.
const NAME_RESERVED: &str = "sg-";

pub(super) fn create(
    desk: &mut Desk<'_>,
    create: &CreateSecurityGroup,
) -> Result<Decision, Refusal> {
    let vpc = desk.view().vpc(create.vpc)?.id;
    check_text(&create.name)?;
    check_text(&create.description)?;
    if create.name.starts_with(NAME_RESERVED) || &*create.name == DEFAULT_NAME {
        return Err(Refusal::GroupNameReserved { name: create.name.to_string() });
    }
    if let Some(by) = desk.registry.security_groups_of(vpc).find(|it| it.name == create.name) {
        return Err(Refusal::GroupNameTaken { name: create.name.to_string(), vpc, by: by.id });
    }
    create.tags.check()?;
    let present = desk.registry.security_groups_of(vpc).count();
    desk.allows(Quota::SecurityGroupsPerVpc, present + 1)?;
    let group = SecurityGroup {
        name: Arc::clone(&create.name),
        description: create.description.clone(),
        tags: create.tags.clone(),
        ..blank(desk, vpc)
    };
    let group = Arc::new(group);
    let event = desk.put(EventKind::SecurityGroupCreated(group.id), Arc::clone(&group));
    Ok(Decision::of(event, Outcome::SecurityGroup(group)))
}

/// The group that a VPC is made with: its own interfaces may reach each other, and everybody.
pub(super) fn default_of(desk: &mut Desk<'_>, vpc: VpcId) -> Arc<SecurityGroup> {
    let mut group = blank(desk, vpc);
    let own = Traffic::all(Direction::Ingress, Peer::Group(group.id));
    let id = fresh_rule(desk);
    group.rules.insert(id, rule(own));
    Arc::new(group)
}

pub(super) fn delete(desk: &Desk<'_>, id: SecurityGroupId) -> Result<Decision, Refusal> {
    let group = desk.view().security_group(id)?;
    if group.is_default() {
        return Err(Refusal::GroupDefault(id));
    }
    desk.check_unused(id)?;
    let changes = vec![Change::Remove(Key::SecurityGroup(id))];
    Ok(Decision::of(desk.event(EventKind::SecurityGroupDeleted(id), changes), Outcome::Done))
}

pub(super) fn authorize(
    desk: &mut Desk<'_>,
    id: SecurityGroupId,
    rules: &[NewRule],
) -> Result<Decision, Refusal> {
    let old = Arc::clone(desk.view().security_group(id)?);
    if rules.is_empty() {
        return Err(Refusal::RuleMissing);
    }
    let mut new = SecurityGroup::clone(&old);
    let mut made = Vec::new();
    for wanted in rules {
        let traffic = check_traffic(desk, &old, wanted.traffic)?;
        if new.rules.values().any(|rule| rule.traffic == traffic) {
            return Err(Refusal::RuleTwice(traffic));
        }
        wanted.description.iter().try_for_each(|it| check_text(it))?;
        wanted.tags.check()?;
        let rule_id = fresh_rule(desk);
        let (description, tags) = (wanted.description.clone(), wanted.tags.clone());
        new.rules.insert(rule_id, SecurityGroupRule { traffic, description, tags });
        made.push(rule_id);
    }
    for direction in [Direction::Ingress, Direction::Egress] {
        let of = new.rules.values().filter(|rule| rule.traffic.direction == direction);
        desk.allows(Quota::RulesPerSecurityGroup, of.count())?;
    }
    let new = Arc::new(new);
    let event = desk.put(EventKind::SecurityGroupModified(id), Arc::clone(&new));
    Ok(Decision::of(event, Outcome::RulesAdded { group: new, rules: made }))
}

pub(super) fn revoke(
    desk: &Desk<'_>,
    id: SecurityGroupId,
    direction: Direction,
    choices: &[RuleChoice],
) -> Result<Decision, Refusal> {
    let old = desk.view().security_group(id)?;
    if choices.is_empty() {
        return Err(Refusal::RuleMissing);
    }
    let mut gone = BTreeSet::new();
    for choice in choices {
        let mut fitting = old.rules.iter().filter(|(_, it)| it.traffic.direction == direction);
        let found = fitting.find(|(rule_id, rule)| match choice {
            RuleChoice::Id(id) => *rule_id == id,
            RuleChoice::Traffic(traffic) => rule.traffic == canonical(*traffic),
        });
        let (rule_id, _) = found.ok_or(match choice {
            RuleChoice::Id(rule) => Refusal::RuleIdNotFound { rule: *rule, group: id },
            RuleChoice::Traffic(_) => Refusal::RuleNotFound(id),
        })?;
        gone.insert(*rule_id);
    }
    let mut new = SecurityGroup::clone(old);
    new.rules.retain(|rule_id, _| !gone.contains(rule_id));
    let revoked = old.rules.iter().filter(|(rule_id, _)| gone.contains(rule_id));
    let rules = revoked.map(|(rule_id, rule)| (*rule_id, rule.clone())).collect();
    let event = desk.put(EventKind::SecurityGroupModified(id), Arc::new(new));
    Ok(Decision::of(event, Outcome::RulesRevoked { group: id, rules }))
}

/// The groups that an endpoint's interfaces carry: those named, or else the VPC's default one.
pub(super) fn of_endpoint(
    desk: &Desk<'_>,
    vpc: VpcId,
    named: &BTreeSet<SecurityGroupId>,
) -> Result<BTreeSet<SecurityGroupId>, Refusal> {
    if named.is_empty() {
        let mut groups = desk.registry.security_groups_of(vpc);
        return Ok(groups.find(|it| it.is_default()).map(|it| it.id).into_iter().collect());
    }
    check_named(desk, vpc, named)?;
    Ok(named.clone())
}

/// Refuses groups that an interface in a VPC cannot carry.
pub(super) fn check_named(
    desk: &Desk<'_>,
    vpc: VpcId,
    named: &BTreeSet<SecurityGroupId>,
) -> Result<(), Refusal> {
    for id in named {
        if desk.view().security_group(*id)?.vpc != vpc {
            return Err(Refusal::GroupOutsideVpc { group: *id, vpc });
        }
    }
    desk.allows(Quota::SecurityGroupsPerInterface, named.len())
}

/// A group without rules but the one that AWS puts into each: everything may leave.
fn blank(desk: &mut Desk<'_>, vpc: VpcId) -> SecurityGroup {
    let everyone = Ipv4Net::default();
    let is_taken = |registry: &Registry, id| registry.security_group(id).is_some();
    let id = desk.fresh(SecurityGroupId::from_bits, is_taken);
    let egress = fresh_rule(desk);
    SecurityGroup {
        id,
        owner: desk.caller.account.clone(),
        vpc,
        name: DEFAULT_NAME.into(),
        description: "default VPC security group".into(),
        rules: BTreeMap::from([(
            egress,
            rule(Traffic::all(Direction::Egress, Peer::Ipv4(everyone))),
        )]),
        created: desk.now,
        tags: Tags::none(),
    }
}

fn rule(traffic: Traffic) -> SecurityGroupRule {
    SecurityGroupRule { traffic, description: None, tags: Tags::none() }
}

fn fresh_rule(desk: &mut Desk<'_>) -> SecurityGroupRuleId {
    desk.fresh(SecurityGroupRuleId::from_bits, |registry, id| registry.rule_group(id).is_some())
}

/// Refuses a rule that means nothing; host bits are dropped, as AWS does.
fn check_traffic(
    desk: &Desk<'_>,
    group: &SecurityGroup,
    traffic: Traffic,
) -> Result<Traffic, Refusal> {
    if !traffic.has_legal_ports() {
        return Err(Refusal::RulePorts(traffic));
    }
    if let Peer::Group(peer) = traffic.peer
        && desk.view().security_group(peer)?.vpc != group.vpc
    {
        return Err(Refusal::GroupOutsideVpc { group: peer, vpc: group.vpc });
    }
    Ok(canonical(traffic))
}

fn canonical(traffic: Traffic) -> Traffic {
    let peer = match traffic.peer {
        Peer::Ipv4(cidr) => Peer::Ipv4(cidr.trunc()),
        Peer::Ipv6(cidr) => Peer::Ipv6(cidr.trunc()),
        Peer::Group(id) => Peer::Group(id),
    };
    Traffic { peer, ..traffic }
}

fn check_text(text: &str) -> Result<(), Refusal> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || TEXT_MARKS.contains(c));
    if plain && (1..=TEXT_CHARS_MAX).contains(&text.len()) {
        Ok(())
    } else {
        Err(Refusal::GroupText { max: TEXT_CHARS_MAX })
    }
}
