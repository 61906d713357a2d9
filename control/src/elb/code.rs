//! The one table from refusals to ELBv2's error codes and sentences (ELBv2 API, errors of each
//! operation). Total: a new refusal does not compile before it has a row.
//!
//! Refusals that only EC2's operations can meet have a row all the same, with the general code.

use control_core::{Outcome, Refusal, quota::Quota, refusal::Setting, resource::ResourceId};
use hyper::StatusCode;
use model::IpAddressType;

use crate::query::{Fault, fault::quoted};

/// The fault of a refusal.
pub(crate) fn fault(refusal: &Refusal) -> Fault {
    resource_fault(refusal)
        .or_else(|| setting_fault(refusal))
        .unwrap_or_else(|| elsewhere_fault(refusal))
}

/// Refusals about resources that are missing, taken or in use.
fn resource_fault(refusal: &Refusal) -> Option<Fault> {
    Some(match refusal {
        Refusal::NotFound(resource) => not_found(*resource),
        Refusal::QuotaExceeded { quota, limit } => quota_exceeded(*quota, *limit),
        Refusal::InUse { resource, by } => {
            Fault::new("ResourceInUse", format!("The resource '{resource}' is in use by '{by}'"))
        }
        Refusal::NameTaken { name, by } => {
            let code = match by {
                ResourceId::TargetGroup(_) => "DuplicateTargetGroupName",
                _ => "DuplicateLoadBalancerName",
            };
            Fault::new(code, format!("A resource with the name '{name}' already exists"))
        }
        Refusal::SubnetMissing => invalid("At least one subnet must be specified".into()),
        Refusal::SubnetsInSameZone { first, second, zone } => configuration(format!(
            "The subnets '{first}' and '{second}' are in the same Availability Zone ({zone})"
        )),
        Refusal::SubnetOutsideVpc { subnet, vpc } => {
            Fault::new("InvalidSubnet", format!("The subnet '{subnet}' is not in '{vpc}'"))
        }
        Refusal::DeletionProtected(id) => Fault::new(
            "OperationNotPermitted",
            format!(
                "Load balancer '{id}' cannot be deleted because deletion protection is enabled"
            ),
        ),
        Refusal::PortTaken { port, by } => Fault::new(
            "DuplicateListener",
            format!("A listener already exists on port {port} for this load balancer ({by})"),
        ),
        Refusal::TargetGroupTaken { target_group, by } => Fault::new(
            "TargetGroupAssociationLimit",
            format!(
                "The target group '{target_group}' is used by the load balancer '{by}' already"
            ),
        ),
        Refusal::ZoneNotFound(zone) => {
            invalid(format!("The Availability Zone '{zone}' is not valid"))
        }
        _ => return None,
    })
}

/// Refusals about values.
fn setting_fault(refusal: &Refusal) -> Option<Fault> {
    Some(match refusal {
        Refusal::NameMalformed { name } => invalid(format!(
            "The name '{}' must have 1 to 32 letters, digits and inner hyphens",
            quoted(name)
        )),
        Refusal::OutOfRange { setting, value, min, max } => invalid(format!(
            "{} is {value}, but must be from {min} to {max}",
            setting_name(*setting)
        )),
        Refusal::Conflicting { setting, with } => configuration(format!(
            "{} conflicts with {}",
            setting_name(*setting),
            setting_name(*with)
        )),
        Refusal::TargetGroupMissing => invalid("A forward action needs a target group".into()),
        Refusal::TargetGroupTwice(group) => {
            invalid(format!("The target group '{group}' is named twice"))
        }
        Refusal::TargetGroupOutsideVpc { target_group, vpc } => configuration(format!(
            "The target group '{target_group}' is not in the load balancer's VPC '{vpc}'"
        )),
        Refusal::TargetGroupProtocol(group) => Fault::new(
            "IncompatibleProtocols",
            format!("The protocol of the target group '{group}' does not go with the listener's"),
        ),
        Refusal::TargetMissing => invalid("At least one target must be specified".into()),
        Refusal::TargetAddress(ip) => {
            Fault::new("InvalidTarget", format!("The IP address '{ip}' cannot be a target"))
        }
        Refusal::TargetZoneMissing(target) => Fault::new(
            "InvalidTarget",
            format!(
                "The target {target} is in no subnet of the target group's VPC, so its \
                 AvailabilityZone must be named, or 'all'"
            ),
        ),
        Refusal::TargetZone { target, zone } => Fault::new(
            "InvalidTarget",
            format!("The target {target} is in a subnet of the Availability Zone {zone}"),
        ),
        Refusal::TagKeyLength { max, .. } => {
            invalid(format!("A tag's key has 1 to {max} characters"))
        }
        Refusal::TagValueLength { key, max } => {
            invalid(format!("The value of the tag '{}' has over {max} characters", quoted(key)))
        }
        Refusal::TagKeyReserved { key } => {
            invalid(format!("The tag key '{}' starts with the reserved 'aws:'", quoted(key)))
        }
        Refusal::IpAddressTypeUnsupported(kind) => configuration(format!(
            "The IP address type '{}' needs subnets with IPv6, which are not supported here",
            ip_address_type(*kind)
        )),
        _ => return None,
    })
}

/// Refusals that the operations of this service cannot meet, or that say all they have to say.
fn elsewhere_fault(refusal: &Refusal) -> Fault {
    invalid(format!("The request cannot be done: {refusal:?}"))
}

fn not_found(resource: ResourceId) -> Fault {
    match resource {
        ResourceId::LoadBalancer(id) => load_balancer_not_found(&id.to_string()),
        ResourceId::Listener(id) => listener_not_found(&id.to_string()),
        ResourceId::TargetGroup(id) => target_group_not_found(&id.to_string()),
        ResourceId::Subnet(id) => subnet_not_found(&id.to_string()),
        ResourceId::Vpc(id) => vpc_not_found(&id.to_string()),
        other => invalid(format!("'{other}' does not exist")),
    }
}

fn quota_exceeded(quota: Quota, limit: usize) -> Fault {
    let (code, noun) = match quota {
        Quota::LoadBalancersPerAccount => ("TooManyLoadBalancers", "load balancers"),
        Quota::ListenersPerLoadBalancer => ("TooManyListeners", "listeners of the load balancer"),
        Quota::TargetGroupsPerAccount => ("TooManyTargetGroups", "target groups"),
        Quota::TargetGroupsPerListener => {
            ("TooManyUniqueTargetGroupsPerLoadBalancer", "target groups of the listener")
        }
        Quota::TargetsPerTargetGroup => ("TooManyTargets", "targets of the target group"),
        Quota::TagsPerResource => ("TooManyTags", "tags of the resource"),
        _ => ("ValidationError", "items of the request"),
    };
    Fault::new(code, format!("The limit of {limit} for {noun} is reached"))
}

/// What an outcome of the wrong kind comes to: our own mistake.
pub(super) fn unexpected(outcome: &Outcome) -> Fault {
    tracing::error!(?outcome, "a command gave another outcome than it promises");
    Fault::with_status(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalFailure",
        "The request processing has failed because of an unknown error, exception or failure.",
    )
}

/// The fault for a load balancer that the caller does not have.
pub(super) fn load_balancer_not_found(text: &str) -> Fault {
    missing("LoadBalancerNotFound", "Load balancer", text)
}

/// The fault for a listener that the caller does not have.
pub(super) fn listener_not_found(text: &str) -> Fault {
    missing("ListenerNotFound", "Listener", text)
}

/// The fault for a target group that the caller does not have.
pub(super) fn target_group_not_found(text: &str) -> Fault {
    missing("TargetGroupNotFound", "Target group", text)
}

/// The fault for a subnet that the caller does not have.
pub(super) fn subnet_not_found(text: &str) -> Fault {
    missing("SubnetNotFound", "The subnet ID", text)
}

/// The fault for a VPC that the caller does not have.
pub(super) fn vpc_not_found(text: &str) -> Fault {
    missing("ValidationError", "The VPC ID", text)
}

fn missing(code: &'static str, noun: &str, text: &str) -> Fault {
    Fault::new(code, format!("{noun} '{}' not found", quoted(text)))
}

fn invalid(message: String) -> Fault {
    Fault::new("ValidationError", message)
}

fn configuration(message: String) -> Fault {
    Fault::new("InvalidConfigurationRequest", message)
}

/// An address type by its name.
pub(super) fn ip_address_type(kind: IpAddressType) -> &'static str {
    match kind {
        IpAddressType::Ipv4 => "ipv4",
        IpAddressType::Ipv6 => "ipv6",
        IpAddressType::Dualstack => "dualstack",
    }
}

/// A setting as callers know it.
fn setting_name(setting: Setting) -> &'static str {
    match setting {
        Setting::IdleTimeoutSeconds => "tcp.idle_timeout.seconds",
        Setting::Weight => "Weight",
        Setting::HealthCheckInterval => "HealthCheckIntervalSeconds",
        Setting::HealthCheckTimeout => "HealthCheckTimeoutSeconds",
        Setting::HealthyThreshold => "HealthyThresholdCount",
        Setting::UnhealthyThreshold => "UnhealthyThresholdCount",
        Setting::DeregistrationDelay => "deregistration_delay.timeout_seconds",
        Setting::UnhealthyDrainingInterval => {
            "target_health_state.unhealthy.draining_interval_seconds"
        }
        Setting::DnsFailoverCount => {
            "target_group_health.dns_failover.minimum_healthy_targets.count"
        }
        Setting::DnsFailoverPercentage => {
            "target_group_health.dns_failover.minimum_healthy_targets.percentage"
        }
        Setting::RoutingCount => {
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count"
        }
        Setting::RoutingPercentage => {
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"
        }
        Setting::SecondaryAddresses => "secondary_ips.auto_assigned.per_subnet",
    }
}
