//! The operations by name, one file each.

mod add_tags;
mod create_listener;
mod create_load_balancer;
mod create_target_group;
mod delete_listener;
mod delete_load_balancer;
mod delete_target_group;
mod deregister_targets;
mod describe_listener_attributes;
mod describe_listeners;
mod describe_load_balancer_attributes;
mod describe_load_balancers;
mod describe_tags;
mod describe_target_group_attributes;
mod describe_target_groups;
mod describe_target_health;
mod modify_listener;
mod modify_listener_attributes;
mod modify_load_balancer_attributes;
mod modify_target_group;
mod modify_target_group_attributes;
mod register_targets;
mod remove_tags;

use crate::{
    api::Call,
    query::{Fault, Xml},
};

/// Ties names to files.
macro_rules! actions {
    ($($name:literal => $module:ident,)*) => {
        /// The name as the service spells it, if the operation is served.
        pub(super) fn known(name: &str) -> Option<&'static str> {
            const NAMES: &[&str] = &[$($name),*];
            NAMES.iter().find(|known| **known == name).copied()
        }

        /// Runs an operation.
        pub(super) async fn run(name: &str, call: &Call<'_>) -> Result<Xml, Fault> {
            match name {
                $($name => $module::run(call).await,)*
                _ => Err(call.unknown_action()),
            }
        }
    };
}

actions! {
    "AddTags" => add_tags,
    "CreateListener" => create_listener,
    "CreateLoadBalancer" => create_load_balancer,
    "CreateTargetGroup" => create_target_group,
    "DeleteListener" => delete_listener,
    "DeleteLoadBalancer" => delete_load_balancer,
    "DeleteTargetGroup" => delete_target_group,
    "DeregisterTargets" => deregister_targets,
    "DescribeListenerAttributes" => describe_listener_attributes,
    "DescribeListeners" => describe_listeners,
    "DescribeLoadBalancerAttributes" => describe_load_balancer_attributes,
    "DescribeLoadBalancers" => describe_load_balancers,
    "DescribeTags" => describe_tags,
    "DescribeTargetGroupAttributes" => describe_target_group_attributes,
    "DescribeTargetGroups" => describe_target_groups,
    "DescribeTargetHealth" => describe_target_health,
    "ModifyListener" => modify_listener,
    "ModifyListenerAttributes" => modify_listener_attributes,
    "ModifyLoadBalancerAttributes" => modify_load_balancer_attributes,
    "ModifyTargetGroup" => modify_target_group,
    "ModifyTargetGroupAttributes" => modify_target_group_attributes,
    "RegisterTargets" => register_targets,
    "RemoveTags" => remove_tags,
}
