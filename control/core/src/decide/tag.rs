//! Tags of anything that has them.

use std::sync::Arc;

use super::{Decision, Desk};
use crate::{
    event::EventKind,
    outcome::Outcome,
    quota::Quota,
    record::Record,
    refusal::Refusal,
    resource::{
        EndpointService, Listener, LoadBalancer, Permission, ResourceId, RouteTable, SecurityGroup,
        Subnet, TargetGroup, Vpc, VpcEndpoint, endpoint_limits,
        permission::{ACCEPTANCE_WORDS, PERMISSION_REMOVAL_WORDS},
    },
    tag::{ACCEPTANCE, PERMISSION_REMOVAL, TagSelector, Tags},
};

pub(super) fn create(
    desk: &Desk<'_>,
    resources: &[ResourceId],
    tags: &Tags,
) -> Result<Decision, Refusal> {
    tags.check()?;
    change(desk, resources, |old| old.with(tags))
}

pub(super) fn delete(
    desk: &Desk<'_>,
    resources: &[ResourceId],
    tags: &[TagSelector],
) -> Result<Decision, Refusal> {
    change(desk, resources, |old| Ok(old.without(tags)))
}

fn change(
    desk: &Desk<'_>,
    resources: &[ResourceId],
    change: impl Fn(&Tags) -> Result<Tags, Refusal>,
) -> Result<Decision, Refusal> {
    Quota::ItemsPerCommand.allows(resources.len())?;
    let mut resources = resources.to_vec();
    resources.sort_unstable();
    resources.dedup();
    let mut decision = Decision::nothing(Outcome::Done);
    for id in resources {
        if let Some(record) = retagged(desk, id, &change)? {
            decision.events.push(desk.put(EventKind::TagsChanged(id), record));
        }
    }
    Ok(decision)
}

/// The resource with its tags changed; none if they stay the same.
fn retagged(
    desk: &Desk<'_>,
    id: ResourceId,
    change: impl Fn(&Tags) -> Result<Tags, Refusal>,
) -> Result<Option<Record>, Refusal> {
    let view = desk.view();
    match id {
        ResourceId::Vpc(id) => retag(view.vpc(id)?, change),
        ResourceId::Subnet(id) => retag(view.subnet(id)?, change),
        ResourceId::LoadBalancer(id) => retag(view.load_balancer(id)?, change),
        ResourceId::Listener(id) => retag(view.listener(id)?, change),
        ResourceId::TargetGroup(id) => retag(view.target_group(id)?, change),
        ResourceId::Service(id) => retag(view.service(id)?, |old| {
            let tags = change(old)?;
            tags.check_word(PERMISSION_REMOVAL, PERMISSION_REMOVAL_WORDS)?;
            endpoint_limits::check(&tags)?;
            Ok(tags)
        }),
        ResourceId::Permission(id) => {
            let permission = desk.registry.permission(id);
            let own = permission.filter(|found| view.service(found.service).is_ok());
            retag(own.ok_or_else(|| Refusal::NotFound(id.into()))?, |old| {
                let tags = change(old)?;
                tags.check_word(ACCEPTANCE, ACCEPTANCE_WORDS)?;
                Ok(tags)
            })
        }
        ResourceId::Endpoint(id) => retag(view.endpoint(id)?, change),
        ResourceId::Notification(id) => {
            view.notification(id)?;
            Err(Refusal::TagsNotYours(id.into()))
        }
        ResourceId::RouteTable(id) => retag(view.route_table(id)?, change),
        ResourceId::SecurityGroup(id) => retag(view.security_group(id)?, change),
        ResourceId::SecurityGroupRule(id) => {
            let mut group = SecurityGroup::clone(view.rule_group(id)?);
            let rule = group.rules.get_mut(&id).ok_or_else(|| Refusal::NotFound(id.into()))?;
            let tags = change(&rule.tags)?;
            let is_same = tags == rule.tags;
            rule.tags = tags;
            Ok(if is_same { None } else { Some(Arc::new(group).into()) })
        }
        ResourceId::Interface(id) => {
            view.network_interface(id)?;
            Err(Refusal::TagsNotYours(id.into()))
        }
    }
}

fn retag<T: Tagged>(
    resource: &T,
    change: impl Fn(&Tags) -> Result<Tags, Refusal>,
) -> Result<Option<Record>, Refusal>
where
    Record: From<Arc<T::Resource>>,
{
    let old = resource.tags();
    let tags = change(old)?;
    Ok(if tags == *old { None } else { Some(Arc::new(resource.tagged(tags)).into()) })
}

/// A resource that has tags.
trait Tagged {
    type Resource;
    fn tags(&self) -> &Tags;
    fn tagged(&self, tags: Tags) -> Self::Resource;
}

macro_rules! tagged {
    ($($resource:ident)*) => {
        $(impl Tagged for Arc<$resource> {
            type Resource = $resource;

            fn tags(&self) -> &Tags {
                &self.tags
            }

            fn tagged(&self, tags: Tags) -> $resource {
                $resource { tags, ..$resource::clone(self) }
            }
        })*
    };
}

tagged! {
    Vpc Subnet LoadBalancer Listener TargetGroup
    EndpointService Permission RouteTable SecurityGroup VpcEndpoint
}
