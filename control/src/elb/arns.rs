//! From ARNs to the caller's resources and back. An ARN must be the resource's own to the letter;
//! any other, and any of another account, is not found.

use std::{str::FromStr, sync::Arc};

use control_core::{
    describe::View,
    resource::{Listener, LoadBalancer, ResourceId, ResourceKind, TargetGroup},
};

use super::code::not_found;
use crate::{
    arn::{ArnBase, arn_id},
    query::{Fault, fault::quoted},
};

/// Reads and writes ARNs as a caller sees them.
#[derive(Clone, Copy)]
pub(crate) struct Arns<'a>(pub(crate) View<'a>);

impl<'a> Arns<'a> {
    /// A load balancer of the caller's.
    pub(crate) fn load_balancer(self, arn: &str) -> Result<&'a Arc<LoadBalancer>, Fault> {
        let kind = ResourceKind::LoadBalancer;
        let id = id(arn, "loadbalancer", kind)?;
        let found = self.0.load_balancer(id).ok();
        found.filter(|lb| self.of_load_balancer(lb) == arn).ok_or_else(|| missing(arn, kind))
    }

    /// A listener of the caller's.
    pub(super) fn listener(self, arn: &str) -> Result<&'a Arc<Listener>, Fault> {
        let kind = ResourceKind::Listener;
        let id = id(arn, "listener", kind)?;
        let found = self.0.listener(id).ok();
        found.filter(|listener| self.of_listener(listener) == arn).ok_or_else(|| missing(arn, kind))
    }

    /// A target group of the caller's.
    pub(super) fn target_group(self, arn: &str) -> Result<&'a Arc<TargetGroup>, Fault> {
        let kind = ResourceKind::TargetGroup;
        let id = id(arn, "targetgroup", kind)?;
        let found = self.0.target_group(id).ok();
        found.filter(|group| self.of_target_group(group) == arn).ok_or_else(|| missing(arn, kind))
    }

    /// Anything of the caller's that has tags.
    pub(super) fn any(self, arn: &str) -> Result<ResourceId, Fault> {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        match resource.split('/').next().unwrap_or_default() {
            "loadbalancer" => self.load_balancer(arn).map(|lb| lb.id.into()),
            "listener" => self.listener(arn).map(|listener| listener.id.into()),
            "targetgroup" => self.target_group(arn).map(|group| group.id.into()),
            _ => Err(malformed(arn)),
        }
    }

    /// A load balancer's ARN.
    pub(crate) fn of_load_balancer(self, lb: &LoadBalancer) -> String {
        self.base().load_balancer(&lb.name, lb.id)
    }

    /// A listener's ARN; it has the load balancer's name in it.
    pub(super) fn of_listener(self, listener: &Listener) -> String {
        let lb = self.0.load_balancer(listener.load_balancer);
        let name = lb.map_or("", |lb| &lb.name);
        self.base().listener(name, listener.load_balancer, listener.id)
    }

    /// A target group's ARN.
    pub(super) fn of_target_group(self, group: &TargetGroup) -> String {
        self.base().target_group(&group.name, group.id)
    }

    fn base(self) -> ArnBase<'a> {
        ArnBase { region: &self.0.settings().region, account: &self.0.caller().account }
    }
}

fn id<I: FromStr>(arn: &str, name: &str, kind: ResourceKind) -> Result<I, Fault> {
    if !arn.starts_with("arn:") {
        return Err(malformed(arn));
    }
    arn_id(arn, name).ok_or_else(|| missing(arn, kind))
}

fn malformed(arn: &str) -> Fault {
    Fault::new("ValidationError", format!("'{}' is not a valid ARN", quoted(arn)))
}

fn missing(arn: &str, kind: ResourceKind) -> Fault {
    let noun = match kind {
        ResourceKind::LoadBalancer => "Load balancer",
        ResourceKind::Listener => "Listener",
        _ => "Target group",
    };
    Fault::new(not_found(kind), format!("{noun} '{}' not found", quoted(arn)))
}
