//! The operations of ELBv2 that are served, one file each.

use crate::api::actions;

actions! {
    AddTags => add_tags,
    CreateListener => create_listener,
    CreateLoadBalancer => create_load_balancer,
    CreateTargetGroup => create_target_group,
    DeleteListener => delete_listener,
    DeleteLoadBalancer => delete_load_balancer,
    DeleteTargetGroup => delete_target_group,
    DeregisterTargets => deregister_targets,
    DescribeListenerAttributes => describe_listener_attributes,
    DescribeListeners => describe_listeners,
    DescribeLoadBalancerAttributes => describe_load_balancer_attributes,
    DescribeLoadBalancers => describe_load_balancers,
    DescribeTags => describe_tags,
    DescribeTargetGroupAttributes => describe_target_group_attributes,
    DescribeTargetGroups => describe_target_groups,
    DescribeTargetHealth => describe_target_health,
    ModifyListener => modify_listener,
    ModifyListenerAttributes => modify_listener_attributes,
    ModifyLoadBalancerAttributes => modify_load_balancer_attributes,
    ModifyTargetGroup => modify_target_group,
    ModifyTargetGroupAttributes => modify_target_group_attributes,
    RegisterTargets => register_targets,
    RemoveTags => remove_tags,
    SetIpAddressType => set_ip_address_type,
    SetSecurityGroups => set_security_groups,
}
