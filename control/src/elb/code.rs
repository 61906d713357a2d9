//! ELBv2's error codes for refusals: one total function (ELBv2 API, errors of each operation). The
//! sentences are those of [`crate::wording`].

use control_core::{Outcome, Refusal, quota::Quota, resource::ResourceId};
use hyper::StatusCode;
use model::IpAddressType;

use crate::{
    query::{Fault, fault::quoted},
    wording::wording,
};

/// The fault of a refusal.
pub(crate) fn fault(refusal: &Refusal) -> Fault {
    Fault::new(code(refusal), wording(refusal))
}

fn code(refusal: &Refusal) -> &'static str {
    use Refusal as R;
    match refusal {
        R::NotFound(resource) => not_found(*resource),
        R::QuotaExceeded { quota, .. } => limit_exceeded(*quota),
        R::InUse { .. } => "ResourceInUse",
        R::NameTaken { by: ResourceId::TargetGroup(_), .. } => "DuplicateTargetGroupName",
        R::NameTaken { .. } => "DuplicateLoadBalancerName",
        R::SubnetOutsideVpc { .. } => "InvalidSubnet",
        R::DeletionProtected(_) | R::TagsNotYours(_) => "OperationNotPermitted",
        R::PortTaken { .. } => "DuplicateListener",
        R::TargetGroupTaken { .. } => "TargetGroupAssociationLimit",
        R::TargetGroupProtocol(_) => "IncompatibleProtocols",
        R::TargetAddress(_) | R::TargetZoneMissing(_) | R::TargetZone { .. } => "InvalidTarget",
        R::AddressesExhausted(_) => "InvalidSubnet",
        R::SubnetsInSameZone { .. }
        | R::IpAddressTypeUnsupported(_)
        | R::Conflicting { .. }
        | R::TargetGroupOutsideVpc { .. } => "InvalidConfigurationRequest",
        R::ServiceNameNotFound(_)
        | R::ConnectionNotFound { .. }
        | R::ZoneNotFound(_)
        | R::ZoneMissing
        | R::RecordTooLarge { .. }
        | R::TagKeyLength { .. }
        | R::TagValueLength { .. }
        | R::TagKeyReserved { .. }
        | R::CidrSize { .. }
        | R::CidrOutsideVpc { .. }
        | R::CidrOverlap { .. }
        | R::NameMalformed { .. }
        | R::SubnetMissing
        | R::OutOfRange { .. }
        | R::TargetGroupMissing
        | R::TargetGroupTwice(_)
        | R::TargetMissing
        | R::LoadBalancerMissing
        | R::LoadBalancerTaken { .. }
        | R::LoadBalancerNotInService { .. }
        | R::ConnectionsExist { .. }
        | R::IpAddressTypeMissing
        | R::ServiceIpAddressType { .. }
        | R::DnsRecordIpType { .. }
        | R::PrivateDnsUnsupported(_)
        | R::ServiceZone { .. }
        | R::SubnetNotInEndpoint { .. }
        | R::AddressTwice(_)
        | R::AddressOutsideSubnet { .. }
        | R::AddressReserved { .. }
        | R::AddressTaken { .. }
        | R::IllegalMove { .. }
        | R::ClientTokenMalformed
        | R::ClientTokenMismatch { .. } => "ValidationError",
    }
}

fn not_found(resource: ResourceId) -> &'static str {
    match resource {
        ResourceId::LoadBalancer(_) => LOAD_BALANCER_NOT_FOUND,
        ResourceId::Listener(_) => LISTENER_NOT_FOUND,
        ResourceId::TargetGroup(_) => TARGET_GROUP_NOT_FOUND,
        ResourceId::Subnet(_) => SUBNET_NOT_FOUND,
        ResourceId::Vpc(_)
        | ResourceId::Service(_)
        | ResourceId::Permission(_)
        | ResourceId::Endpoint(_)
        | ResourceId::Interface(_) => "ValidationError",
    }
}

fn limit_exceeded(quota: Quota) -> &'static str {
    match quota {
        Quota::LoadBalancersPerAccount => "TooManyLoadBalancers",
        Quota::ListenersPerLoadBalancer => "TooManyListeners",
        Quota::TargetGroupsPerAccount => "TooManyTargetGroups",
        Quota::TargetGroupsPerListener => "TooManyUniqueTargetGroupsPerLoadBalancer",
        Quota::TargetsPerTargetGroup => "TooManyTargets",
        Quota::TagsPerResource => "TooManyTags",
        Quota::VpcsPerAccount
        | Quota::SubnetsPerVpc
        | Quota::ServicesPerAccount
        | Quota::LoadBalancersPerService
        | Quota::PermissionsPerService
        | Quota::EndpointsPerVpc
        | Quota::ClientTokensPerAccount
        | Quota::ItemsPerCommand => "ValidationError",
    }
}

const LOAD_BALANCER_NOT_FOUND: &str = "LoadBalancerNotFound";
const LISTENER_NOT_FOUND: &str = "ListenerNotFound";
const TARGET_GROUP_NOT_FOUND: &str = "TargetGroupNotFound";
const SUBNET_NOT_FOUND: &str = "SubnetNotFound";

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
    missing(LOAD_BALANCER_NOT_FOUND, "Load balancer", text)
}

/// The fault for a listener that the caller does not have.
pub(super) fn listener_not_found(text: &str) -> Fault {
    missing(LISTENER_NOT_FOUND, "Listener", text)
}

/// The fault for a target group that the caller does not have.
pub(super) fn target_group_not_found(text: &str) -> Fault {
    missing(TARGET_GROUP_NOT_FOUND, "Target group", text)
}

/// The fault for a subnet that the caller does not have.
pub(super) fn subnet_not_found(text: &str) -> Fault {
    missing(SUBNET_NOT_FOUND, "The subnet ID", text)
}

/// The fault for a VPC that the caller does not have.
pub(super) fn vpc_not_found(text: &str) -> Fault {
    missing("ValidationError", "The VPC ID", text)
}

fn missing(code: &'static str, noun: &str, text: &str) -> Fault {
    Fault::new(code, format!("{noun} '{}' not found", quoted(text)))
}

/// An address type by its name.
pub(super) fn ip_address_type(kind: IpAddressType) -> &'static str {
    match kind {
        IpAddressType::Ipv4 => "ipv4",
        IpAddressType::Ipv6 => "ipv6",
        IpAddressType::Dualstack => "dualstack",
    }
}
