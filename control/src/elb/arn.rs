//! Which resource of the caller's an ARN names.
//!
//! An ARN is taken only if it is, to the letter, the one that its resource has; any other that is
//! well-formed names nothing. So a resource has one name, and another account's has none.

use std::{str::FromStr, sync::Arc};

use control_core::{
    Registry,
    resource::{Listener, LoadBalancer, ResourceId, TargetGroup},
};
use model::AccountId;

use super::code;
use crate::{
    arn::{ArnBase, arn_id},
    query::{Fault, fault::quoted},
};

/// Writes ARNs of one Region, and finds what they name for one account.
pub(super) struct Arns<'a> {
    account: &'a AccountId,
    registry: &'a Registry,
}

impl<'a> Arns<'a> {
    /// For what an account owns.
    pub(super) fn new(registry: &'a Registry, account: &'a AccountId) -> Self {
        Self { account, registry }
    }

    /// A load balancer's.
    pub(super) fn of_load_balancer(&self, lb: &LoadBalancer) -> String {
        self.base(&lb.owner).load_balancer(&lb.name, lb.id)
    }

    /// A listener's.
    pub(super) fn of_listener(&self, listener: &Listener) -> String {
        let lb = listener.load_balancer;
        let name = self.registry.load_balancer(lb).map_or("", |lb| &*lb.name);
        self.base(&listener.owner).listener(name, lb, listener.id)
    }

    /// A target group's.
    pub(super) fn of_target_group(&self, group: &TargetGroup) -> String {
        self.base(&group.owner).target_group(&group.name, group.id)
    }

    /// The load balancer that an ARN names.
    pub(super) fn load_balancer(&self, arn: &str) -> Result<&'a Arc<LoadBalancer>, Fault> {
        let id = parsed(arn, "loadbalancer", "load balancer")?;
        self.registry
            .load_balancer(id)
            .filter(|lb| lb.owner == *self.account && self.of_load_balancer(lb) == arn)
            .ok_or_else(|| code::load_balancer_not_found(arn))
    }

    /// The listener that an ARN names.
    pub(super) fn listener(&self, arn: &str) -> Result<&'a Arc<Listener>, Fault> {
        let id = parsed(arn, "listener", "listener")?;
        self.registry
            .listener(id)
            .filter(|one| one.owner == *self.account && self.of_listener(one) == arn)
            .ok_or_else(|| code::listener_not_found(arn))
    }

    /// The target group that an ARN names.
    pub(super) fn target_group(&self, arn: &str) -> Result<&'a Arc<TargetGroup>, Fault> {
        let id = parsed(arn, "targetgroup", "target group")?;
        self.registry
            .target_group(id)
            .filter(|group| group.owner == *self.account && self.of_target_group(group) == arn)
            .ok_or_else(|| code::target_group_not_found(arn))
    }

    /// Whatever an ARN names that can carry tags.
    pub(super) fn tagged(&self, arn: &str) -> Result<ResourceId, Fault> {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        match resource.split('/').next() {
            Some("loadbalancer") => Ok(self.load_balancer(arn)?.id.into()),
            Some("listener") => Ok(self.listener(arn)?.id.into()),
            Some("targetgroup") => Ok(self.target_group(arn)?.id.into()),
            _ => Err(malformed(arn, "resource")),
        }
    }

    fn base<'b>(&'b self, account: &'b AccountId) -> ArnBase<'b> {
        ArnBase { region: &self.registry.settings().region, account }
    }
}

fn parsed<I: FromStr>(arn: &str, kind: &str, noun: &str) -> Result<I, Fault> {
    arn_id(arn, kind).ok_or_else(|| malformed(arn, noun))
}

fn malformed(arn: &str, noun: &str) -> Fault {
    Fault::new("ValidationError", format!("'{}' is not a valid {noun} ARN", quoted(arn)))
}
