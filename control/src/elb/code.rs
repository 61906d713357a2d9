//! ELBv2's error codes for refusals: one total function (the API reference's "Errors" of each
//! operation).

use control_core::{Refusal, quota::Quota, resource::ResourceKind};

use crate::{query::Fault, wording::wording};

/// The fault of a refusal.
pub(crate) fn fault(refusal: &Refusal) -> Fault {
    Fault::new(code(refusal), wording(refusal))
}

#[expect(clippy::too_many_lines, reason = "one arm per refusal: split, it would not be total")]
fn code(refusal: &Refusal) -> &'static str {
    use Refusal as R;
    match refusal {
        R::NotFound(id) => not_found(id.kind()),
        R::QuotaExceeded { quota, .. } => too_many(*quota),
        R::NameTaken { by, .. } => match by.kind() {
            ResourceKind::TargetGroup => "DuplicateTargetGroupName",
            _ => "DuplicateLoadBalancerName",
        },
        R::InUse { .. } | R::ConnectionsExist { .. } | R::LoadBalancerTaken { .. } => {
            "ResourceInUse"
        }
        R::DeletionProtected(_) | R::TagsNotYours(_) | R::CertificateDefault(_) => {
            "OperationNotPermitted"
        }
        R::SubnetOutsideVpc { .. } => "InvalidSubnet",
        R::GroupOutsideVpc { .. } => "InvalidSecurityGroup",
        R::PortTaken { .. } => "DuplicateListener",
        R::CertificateNotFound(_) => "CertificateNotFound",
        R::SslPolicyNotFound(_) => "SSLPolicyNotFound",
        R::TargetGroupProtocol(_) => "IncompatibleProtocols",
        R::TargetGroupTaken { .. } => "TargetGroupAssociationLimit",
        R::TargetAddress(_)
        | R::TargetZoneMissing(_)
        | R::TargetZone(..)
        | R::TargetUnknown(_)
        | R::TargetPortFixed(_) => "InvalidTarget",
        R::SubnetsInSameZone { .. }
        | R::SubnetIpAddressType { .. }
        | R::LoadBalancerIpAddressType(_)
        | R::IpAddressTypeUnsupported(_)
        | R::LoadBalancerGroupMissing(_)
        | R::LoadBalancerUngrouped(_)
        | R::OutOfRange { .. }
        | R::Conflicting { .. }
        | R::RegionIdleTimeout(_)
        | R::TargetGroupFixed(_)
        | R::TargetGroupSticky(_)
        | R::TargetGroupOutsideVpc { .. } => "InvalidConfigurationRequest",
        R::ServiceNameNotFound(_)
        | R::ConnectionEventMissing
        | R::ConnectionNotFound { .. }
        | R::ZoneNotFound(_)
        | R::ZoneMissing
        | R::RecordTooLarge { .. }
        | R::Tag(_)
        | R::ZonalShift(_)
        | R::CidrSize { .. }
        | R::CidrOutsideVpc { .. }
        | R::CidrOverlap { .. }
        | R::BlockOverlap { .. }
        | R::BlockInUse { .. }
        | R::VpcBlockNotFound(_)
        | R::VpcBlockFirst(_)
        | R::SubnetBlockNotFound(_)
        | R::SubnetBlockMissing
        | R::SubnetBlockTaken(_)
        | R::Ipv6PoolMissing
        | R::Ipv6PoolExhausted
        | R::AddressFamily { .. }
        | R::NameMalformed { .. }
        | R::SubnetMissing
        | R::CertificateMissing
        | R::HealthCheckPath
        | R::TargetGroupMissing
        | R::TargetGroupTwice(_)
        | R::TargetMissing
        | R::TargetNameMalformed(_)
        | R::TargetZoneFixed(_)
        | R::LoadBalancerMissing
        | R::LoadBalancerNotInService { .. }
        | R::IpAddressTypeMissing
        | R::ServiceCatalogued(_)
        | R::CatalogEntryMalformed(_)
        | R::CatalogEntryTaken { .. }
        | R::ServiceTypeMismatch { .. }
        | R::PolicyUnsupported(_)
        | R::PolicyLength { .. }
        | R::RegionUnknown(_)
        | R::RegionIsHost(_)
        | R::RegionNotInService { .. }
        | R::RegionZone(_)
        | R::PayerNotYours(_)
        | R::ServiceIpAddressType { .. }
        | R::DnsRecordIpType { .. }
        | R::PrivateDnsUnsupported(_)
        | R::PrivateDnsUnverified(_)
        | R::PrivateDnsNameMissing(_)
        | R::PrivateDnsConflict { .. }
        | R::VpcDnsDisabled(_)
        | R::ServiceZone { .. }
        | R::SubnetNotInEndpoint { .. }
        | R::AddressTwice(_)
        | R::AddressOutsideSubnet { .. }
        | R::AddressReserved { .. }
        | R::AddressTaken { .. }
        | R::AddressesExhausted(_)
        | R::IllegalMove { .. }
        | R::GroupText { .. }
        | R::GroupNameReserved { .. }
        | R::GroupNameTaken { .. }
        | R::GroupDefault(_)
        | R::GroupMissing(_)
        | R::GroupNotInEndpoint { .. }
        | R::RuleMissing
        | R::RulePorts(_)
        | R::RuleTwice(_)
        | R::RuleNotFound(_)
        | R::RuleIdNotFound { .. }
        | R::RouteTaken { .. }
        | R::RouteNotFound { .. }
        | R::SubnetRouted { .. }
        | R::RouteTableAssociationNotFound(_)
        | R::RouteTableMain(_)
        | R::ClientTokenMalformed
        | R::ClientTokenMismatch { .. } => "ValidationError",
    }
}

/// The code for what does not exist, or is another account's.
pub(super) fn not_found(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::LoadBalancer => "LoadBalancerNotFound",
        ResourceKind::Listener => "ListenerNotFound",
        ResourceKind::TargetGroup => "TargetGroupNotFound",
        ResourceKind::Subnet => "SubnetNotFound",
        ResourceKind::SecurityGroup => "InvalidSecurityGroup",
        ResourceKind::Vpc
        | ResourceKind::Service
        | ResourceKind::Notification
        | ResourceKind::Permission
        | ResourceKind::Endpoint
        | ResourceKind::Interface
        | ResourceKind::RouteTable
        | ResourceKind::SecurityGroupRule => "ValidationError",
    }
}

fn too_many(quota: Quota) -> &'static str {
    match quota {
        Quota::LoadBalancersPerAccount => "TooManyLoadBalancers",
        Quota::ListenersPerLoadBalancer => "TooManyListeners",
        Quota::CertificatesPerListener => "TooManyCertificates",
        Quota::TargetGroupsPerAccount => "TooManyTargetGroups",
        Quota::TargetGroupsPerListener => "TooManyUniqueTargetGroupsPerLoadBalancer",
        Quota::TargetsPerTargetGroup => "TooManyTargets",
        Quota::TagsPerResource => "TooManyTags",
        Quota::VpcsPerAccount
        | Quota::BlocksPerVpc
        | Quota::SubnetsPerVpc
        | Quota::NotificationsPerResource
        | Quota::SecurityGroupsPerVpc
        | Quota::RouteTablesPerVpc
        | Quota::RoutesPerRouteTable
        | Quota::RulesPerSecurityGroup
        | Quota::SecurityGroupsPerInterface
        | Quota::ServicesPerAccount
        | Quota::LoadBalancersPerService
        | Quota::PermissionsPerService
        | Quota::EndpointsPerVpc
        | Quota::ClientTokensPerAccount
        | Quota::ItemsPerCommand => "ValidationError",
    }
}
