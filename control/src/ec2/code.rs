//! EC2's error codes for refusals: one total function (control-api 1.5, semantics 3.5).

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
        R::ServiceNameNotFound(_) => "InvalidServiceName",
        R::ConnectionNotFound { .. } => "InvalidVpcEndpointId.NotFound",
        R::QuotaExceeded { quota, .. } => limit_exceeded(*quota),
        R::InUse { .. } => "DependencyViolation",
        R::TagsNotYours(_)
        | R::DeletionProtected(_)
        | R::ServiceCatalogued(_)
        | R::PayerNotYours(_) => "OperationNotPermitted",
        R::CidrSize { .. } => "InvalidVpc.Range",
        R::CidrOutsideVpc { .. } => "InvalidSubnet.Range",
        R::CidrOverlap { .. } | R::SubnetBlockTaken(_) => "InvalidSubnet.Conflict",
        R::BlockOverlap { .. } => "InvalidVpc.Range",
        R::BlockInUse { .. } => "InvalidCidrBlock.InUse",
        R::VpcBlockNotFound(_) => "InvalidVpcCidrBlockAssociationID.NotFound",
        R::VpcBlockFirst(_) => "OperationNotPermitted",
        R::SubnetBlockNotFound(_) => "InvalidSubnetCidrBlockAssociationID.NotFound",
        R::Ipv6PoolExhausted => "AddressLimitExceeded",
        R::SubnetsInSameZone { .. } => "DuplicateSubnetsInSameZone",
        R::ConnectionsExist { .. } => "ExistingVpcEndpointConnections",
        R::AddressTaken { .. } => "InvalidIPAddress.InUse",
        R::AddressesExhausted(_) => "InsufficientFreeAddressesInSubnet",
        R::IllegalMove { .. } => "IncorrectState",
        R::GroupNameReserved { .. } => "InvalidGroup.Reserved",
        R::GroupNameTaken { .. } => "InvalidGroup.Duplicate",
        R::GroupDefault(_) => "CannotDelete",
        R::RuleMissing => "MissingParameter",
        R::RuleTwice(_) => "InvalidPermission.Duplicate",
        R::RuleNotFound(_) => "InvalidPermission.NotFound",
        R::RuleIdNotFound { .. } => "InvalidSecurityGroupRuleId.NotFound",
        R::GroupText { .. } | R::RulePorts(_) => "InvalidParameterValue",
        R::GroupOutsideVpc { .. } | R::GroupMissing(_) | R::GroupNotInEndpoint { .. } => {
            "InvalidParameter"
        }
        R::RouteTaken { .. } => "RouteAlreadyExists",
        R::RouteNotFound { .. } => "InvalidRoute.NotFound",
        R::SubnetRouted { .. } => "Resource.AlreadyAssociated",
        R::RouteTableAssociationNotFound(_) => "InvalidAssociationID.NotFound",
        R::RouteTableMain(_) => "InvalidParameterValue",
        R::PolicyLength { .. } => "InvalidPolicyDocument",
        R::ClientTokenMismatch { .. } => "IdempotentParameterMismatch",
        R::ConnectionEventMissing => "MissingParameter",
        R::SubnetMissing | R::SubnetBlockMissing | R::LoadBalancerMissing => "MissingParameter",
        R::ZoneNotFound(_)
        | R::ZoneMissing
        | R::RecordTooLarge { .. }
        | R::Tag(_)
        | R::ZonalShift(_)
        | R::RegionUnknown(_)
        | R::OutOfRange { .. }
        | R::AddressTwice(_)
        | R::AddressOutsideSubnet { .. }
        | R::AddressReserved { .. }
        | R::ClientTokenMalformed => "InvalidParameterValue",
        R::NameMalformed { .. }
        | R::NameTaken { .. }
        | R::SubnetOutsideVpc { .. }
        | R::IpAddressTypeUnsupported(_)
        | R::Conflicting { .. }
        | R::PortTaken { .. }
        | R::CertificateDefault(_)
        | R::CertificateMissing
        | R::CertificateNotFound(_)
        | R::HealthCheckPath
        | R::SslPolicyNotFound(_)
        | R::TargetGroupMissing
        | R::TargetGroupFixed(_)
        | R::TargetGroupSticky(_)
        | R::TargetNameMalformed(_)
        | R::TargetPortFixed(_)
        | R::TargetUnknown(_)
        | R::TargetZoneFixed(_)
        | R::SubnetIpAddressType { .. }
        | R::LoadBalancerIpAddressType(_)
        | R::AddressFamily { .. }
        | R::Ipv6PoolMissing
        | R::LoadBalancerGroupMissing(_)
        | R::LoadBalancerUngrouped(_)
        | R::TargetGroupTwice(_)
        | R::TargetGroupOutsideVpc { .. }
        | R::TargetGroupProtocol(_)
        | R::TargetGroupTaken { .. }
        | R::TargetMissing
        | R::TargetAddress(_)
        | R::TargetZoneMissing(_)
        | R::TargetZone(..)
        | R::LoadBalancerTaken { .. }
        | R::LoadBalancerNotInService { .. }
        | R::IpAddressTypeMissing
        | R::CatalogEntryMalformed(_)
        | R::CatalogEntryTaken { .. }
        | R::ServiceTypeMismatch { .. }
        | R::PolicyUnsupported(_)
        | R::RegionIsHost(_)
        | R::RegionNotInService { .. }
        | R::RegionIdleTimeout(_)
        | R::RegionZone(_)
        | R::ServiceIpAddressType { .. }
        | R::DnsRecordIpType { .. }
        | R::PrivateDnsUnsupported(_)
        | R::PrivateDnsUnverified(_)
        | R::PrivateDnsNameMissing(_)
        | R::PrivateDnsConflict { .. }
        | R::VpcDnsDisabled(_)
        | R::ServiceZone { .. }
        | R::SubnetNotInEndpoint { .. } => "InvalidParameter",
    }
}

fn not_found(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Vpc => "InvalidVpcID.NotFound",
        ResourceKind::Subnet => "InvalidSubnetID.NotFound",
        ResourceKind::LoadBalancer => "LoadBalancerNotFound",
        ResourceKind::Listener => "ListenerNotFound",
        ResourceKind::TargetGroup => "TargetGroupNotFound",
        ResourceKind::Service => "InvalidVpcEndpointServiceId.NotFound",
        ResourceKind::Permission => "InvalidID",
        ResourceKind::Endpoint => "InvalidVpcEndpointId.NotFound",
        ResourceKind::Notification => "InvalidConnectionNotification",
        ResourceKind::Interface => "InvalidNetworkInterfaceID.NotFound",
        ResourceKind::RouteTable => "InvalidRouteTableID.NotFound",
        ResourceKind::SecurityGroup => "InvalidGroup.NotFound",
        ResourceKind::SecurityGroupRule => "InvalidSecurityGroupRuleId.NotFound",
    }
}

fn limit_exceeded(quota: Quota) -> &'static str {
    match quota {
        Quota::VpcsPerAccount => "VpcLimitExceeded",
        Quota::BlocksPerVpc => "CidrLimitExceeded",
        Quota::SubnetsPerVpc => "SubnetLimitExceeded",
        Quota::SecurityGroupsPerVpc => "SecurityGroupLimitExceeded",
        Quota::RulesPerSecurityGroup => "RulesPerSecurityGroupLimitExceeded",
        Quota::SecurityGroupsPerInterface => "SecurityGroupsPerInterfaceLimitExceeded",
        Quota::RouteTablesPerVpc => "RouteTableLimitExceeded",
        Quota::RoutesPerRouteTable => "RouteLimitExceeded",
        Quota::TagsPerResource => "TagLimitExceeded",
        Quota::EndpointsPerVpc => "VpcEndpointLimitExceeded",
        Quota::ItemsPerCommand => "InvalidParameterValue",
        Quota::ClientTokensPerAccount => "RequestLimitExceeded",
        Quota::LoadBalancersPerAccount
        | Quota::ListenersPerLoadBalancer
        | Quota::CertificatesPerListener
        | Quota::TargetGroupsPerListener
        | Quota::TargetGroupsPerAccount
        | Quota::TargetsPerTargetGroup
        | Quota::NotificationsPerResource
        | Quota::ServicesPerAccount
        | Quota::LoadBalancersPerService
        | Quota::PermissionsPerService => "ResourceLimitExceeded",
    }
}

#[cfg(test)]
mod tests {
    use control_core::resource::ServiceName;
    use model::{ServiceId, SubnetId, VpcEndpointId, VpcId, ZoneId};

    use super::*;

    /// The codes and sentences that tools are known to look for (semantics 3.5).
    #[test]
    fn refusals_are_worded_as_tools_expect() {
        let name = || ServiceName("com.amazonaws.vpce.r.vpce-svc-1".into());
        let (service, subnet) = (ServiceId::from_bits(1), SubnetId::from_bits(2));
        let (endpoint, vpc) = (VpcEndpointId::from_bits(3), VpcId::from_bits(4));
        let zone: ZoneId = "use1-az1".parse().unwrap();
        let table = [
            (
                Refusal::ServiceNameNotFound(name()),
                "InvalidServiceName",
                "The Vpc Endpoint Service 'com.amazonaws.vpce.r.vpce-svc-1' does not exist".into(),
            ),
            (
                Refusal::ServiceZone { service: name(), subnet, zone: zone.clone() },
                "InvalidParameter",
                format!(
                    "The VPC endpoint service com.amazonaws.vpce.r.vpce-svc-1 does not support \
                     the availability zone of the subnet: {subnet}."
                ),
            ),
            (
                Refusal::SubnetsInSameZone { first: subnet, second: subnet, zone },
                "DuplicateSubnetsInSameZone",
                format!("Found another VPC endpoint subnet in the availability zone of {subnet}"),
            ),
            (
                Refusal::PrivateDnsConflict { domain: "a.example".parse().unwrap(), vpc },
                "InvalidParameter",
                format!(
                    "private-dns-enabled cannot be set because there is already a conflicting \
                     DNS domain for a.example in the VPC {vpc}"
                ),
            ),
            (
                Refusal::NotFound(endpoint.into()),
                "InvalidVpcEndpointId.NotFound",
                format!("The VpcEndPoint ID '{endpoint}' does not exist"),
            ),
            (
                Refusal::NotFound(service.into()),
                "InvalidVpcEndpointServiceId.NotFound",
                format!("The VpcEndpointService Id '{service}' does not exist"),
            ),
            (
                Refusal::ConnectionsExist { service, endpoint },
                "ExistingVpcEndpointConnections",
                "Service has existing active VPC Endpoint connections!".into(),
            ),
            (
                Refusal::NotFound(vpc.into()),
                "InvalidVpcID.NotFound",
                format!("The vpc ID '{vpc}' does not exist"),
            ),
        ];
        for (refusal, code, message) in table {
            assert_eq!(fault(&refusal), Fault::new(code, message));
        }
    }
}
