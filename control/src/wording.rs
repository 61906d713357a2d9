//! Refusals of the core in sentences for callers: one total function, for every service.
//!
//! Where AWS's own sentence is known, it is that one, since people and tools search for it
//! (semantics 3.5). Does not know error codes: `ec2::code` and `elb::code` do.

use control_core::{
    Refusal,
    refusal::{Setting, TagRefusal, ZonalShiftRefusal},
    resource::{ResourceId, ResourceKind, TargetName},
};
use model::IpAddressType;

/// The sentence for a refusal.
#[expect(clippy::too_many_lines, reason = "one arm per refusal: split, it would not be total")]
pub(crate) fn wording(refusal: &Refusal) -> String {
    use Refusal as R;
    match refusal {
        R::NotFound(id) => format!("The {} '{id}' does not exist", noun(*id)),
        R::ServiceNameNotFound(name) => {
            format!("The Vpc Endpoint Service '{name}' does not exist")
        }
        R::ConnectionNotFound { service, endpoint } => {
            format!("The service '{service}' has no connection of the VPC endpoint '{endpoint}'")
        }
        R::ZoneNotFound(zone) => format!("The Availability Zone '{zone}' does not exist"),
        R::ZoneMissing => "The Region has no Availability Zone".into(),
        R::QuotaExceeded { quota, limit } => format!("The limit of {limit} is reached ({quota})"),
        R::RecordTooLarge { key: _, max } => {
            format!("The resource would be larger than {max} bytes")
        }
        R::InUse { resource, by } => {
            let (noun, by_noun) = (noun(*resource), noun(*by));
            format!("The {noun} '{resource}' is in use by the {by_noun} '{by}'")
        }
        R::Tag(refusal) => tag(refusal),
        R::TagsNotYours(id) => format!("The tags of '{id}' cannot be changed"),
        R::CidrSize { cidr, shortest, longest } => {
            format!("The CIDR '{cidr}' is invalid: its prefix must be /{shortest} to /{longest}")
        }
        R::CidrOutsideVpc { cidr, vpc } => {
            format!("The CIDR '{cidr}' is invalid: it is not within a block of the VPC '{vpc}'")
        }
        R::CidrOverlap { cidr, with, other } => {
            format!("The CIDR '{cidr}' conflicts with another subnet ('{with}', {other})")
        }
        R::BlockOverlap { cidr, other } => {
            format!("The CIDR '{cidr}' conflicts with another block of the VPC, '{other}'")
        }
        R::BlockInUse { cidr, by } => format!("The CIDR '{cidr}' is in use by '{by}'"),
        R::Ipv6PoolMissing => {
            "No pool of IPv6 addresses is configured here; name the block in Ipv6CidrBlock".into()
        }
        R::Ipv6PoolExhausted => "The pool of IPv6 addresses has no block left".into(),
        R::VpcBlockNotFound(id) => {
            format!("The vpc CIDR block association ID '{id}' does not exist")
        }
        R::VpcBlockFirst(id) => format!(
            "The vpc CIDR block with association ID '{id}' may not be disassociated. It is the \
             primary IPv4 CIDR block of the VPC"
        ),
        R::SubnetBlockNotFound(id) => {
            format!("The subnet CIDR block association ID '{id}' does not exist")
        }
        R::SubnetBlockMissing => "A subnet must have an IPv4 or an IPv6 CIDR block".into(),
        R::SubnetBlockTaken(id) => format!("The subnet '{id}' already has an IPv6 CIDR block"),
        R::SubnetIpAddressType { subnet, ip_address_type } => format!(
            "The subnet '{subnet}' does not have the addresses that the IP address type \
             '{}' needs",
            address_type(*ip_address_type)
        ),
        R::LoadBalancerIpAddressType(id) => format!(
            "A service accepts IPv6 only through dualstack load balancers; '{id}' would not be one"
        ),
        R::AddressFamily { address, ip_address_type } => format!(
            "The address '{address}' is not of the IP address type '{}'",
            address_type(*ip_address_type)
        ),
        R::NameMalformed { name: _ } => "A name must have from 1 to 32 letters, digits and \
             hyphens, and neither start nor end with a hyphen"
            .into(),
        R::NameTaken { name, by: _ } => format!("A resource with the name '{name}' exists"),
        R::SubnetMissing => "At least one subnet must be specified".into(),
        R::SubnetsInSameZone { first, .. } => {
            format!("Found another VPC endpoint subnet in the availability zone of {first}")
        }
        R::SubnetOutsideVpc { subnet, vpc } => {
            format!("The subnet '{subnet}' is not in the VPC '{vpc}'")
        }
        R::IpAddressTypeUnsupported(_) => {
            "Load balancers are of the IP address type ipv4 or dualstack; services accept ipv4, \
             ipv6, or both"
                .into()
        }
        R::ZonalShift(refusal) => zonal_shift(refusal),
        R::DeletionProtected(id) => {
            format!("The load balancer '{id}' cannot be deleted: deletion protection is enabled")
        }
        R::OutOfRange { setting, value, min, max } => {
            let setting = setting_name(*setting);
            format!("Value {value} of '{setting}' must be from {min} to {max}")
        }
        R::Conflicting { setting, with } => {
            format!("'{}' conflicts with '{}'", setting_name(*setting), setting_name(*with))
        }
        R::HealthCheckPath => "Health check path must start with '/' and have at most 1024 \
             printable ASCII characters without spaces"
            .into(),
        R::CertificateMissing => "A certificate must be specified for TLS listeners".into(),
        R::CertificateNotFound(arn) => format!("Certificate ARN '{arn}' is not valid"),
        R::CertificateDefault(id) => format!(
            "The default certificate of the listener '{id}' cannot be removed, only replaced"
        ),
        R::SslPolicyNotFound(name) => format!("SSL policy '{name}' not found"),
        R::PortTaken { port, by } => format!("The port {port} is taken by the listener '{by}'"),
        R::TargetGroupMissing => "A forward action must name a target group".into(),
        R::TargetGroupTwice(id) => format!("The target group '{id}' is named twice"),
        R::TargetGroupOutsideVpc { target_group, vpc } => {
            format!("The target group '{target_group}' is not in the load balancer's VPC '{vpc}'")
        }
        R::TargetGroupProtocol(id) => {
            format!("The protocol of the target group '{id}' does not go with the listener's")
        }
        R::TargetGroupSticky(id) => format!(
            "A TLS listener cannot forward to the target group '{id}', which has stickiness enabled"
        ),
        R::TargetGroupTaken { target_group, by } => format!(
            "The target group '{target_group}' cannot be associated with more than one load \
             balancer; it is with '{by}'"
        ),
        R::TargetGroupFixed(id) => {
            format!("The attributes of the target group '{id}' of the type alb cannot be changed")
        }
        R::TargetNameMalformed(TargetName::Named(name)) => {
            format!("The IP address '{name}' is not a valid IP address")
        }
        R::TargetNameMalformed(TargetName::Ip(ip)) => {
            format!("Instance ID '{ip}' is not valid")
        }
        R::TargetUnknown(name) => format!(
            "The target '{name}' is not known here: its address is not in the configuration"
        ),
        R::TargetZoneFixed(name) => format!(
            "AvailabilityZone cannot be specified for the target '{name}' of its target type"
        ),
        R::TargetPortFixed(name) => {
            format!("The port of the target '{name}' must be the target group's")
        }
        R::TargetMissing => "At least one target must be specified".into(),
        R::TargetAddress(ip) => format!("The IP address '{ip}' is not a valid target"),
        R::TargetZoneMissing(addr) => format!(
            "The target '{addr}' is not in the VPC of the target group: its AvailabilityZone \
             must be specified"
        ),
        R::TargetZone(target, zone) => {
            format!("The target '{target}' is in the Availability Zone '{zone}'")
        }
        R::LoadBalancerMissing => {
            "An endpoint service must have at least one Network Load Balancer".into()
        }
        R::LoadBalancerTaken { load_balancer, by: _ } => format!(
            "The load balancer '{load_balancer}' is already associated with another endpoint \
             service"
        ),
        R::LoadBalancerNotInService { load_balancer, service } => {
            format!("The load balancer '{load_balancer}' is not associated with '{service}'")
        }
        R::ConnectionsExist { .. } => {
            "Service has existing active VPC Endpoint connections!".into()
        }
        R::ServiceCatalogued(id) => format!(
            "The VpcEndpointService Id '{id}' is of the service catalog and is changed by the \
             configuration only"
        ),
        R::CatalogEntryMalformed(name) => {
            format!("'{name}' cannot be a service of the service catalog")
        }
        R::CatalogEntryTaken { name, by: _ } => {
            format!("Another service of the service catalog has the name '{name}'")
        }
        R::ServiceTypeMismatch { service: _, service_type } => format!(
            "Endpoint type (Interface) does not match available service types ([{service_type:?}])."
        ),
        R::PolicyUnsupported(service) => {
            format!("The VPC endpoint service {service} does not support endpoint policies.")
        }
        R::PolicyLength { max } => {
            format!("The policy document is longer than {max} characters, white space included")
        }
        R::RegionUnknown(region) => {
            format!("Endpoint services are not offered in the Region '{region}' here")
        }
        R::RegionIsHost(region) => {
            format!("The Region '{region}' hosts the service and cannot be removed")
        }
        R::RegionNotInService { region, service } => {
            format!("The VpcEndpointService Id '{service}' does not support the Region '{region}'")
        }
        R::RegionIdleTimeout(listener) => format!(
            "Cross-Region access does not support the custom TCP idle timeout of the listener \
             '{listener}'"
        ),
        R::RegionZone(zone) => {
            format!("Cross-Region access is not supported in the Availability Zone '{zone}'")
        }
        R::PayerNotYours(_) => "An account can take the charges upon itself only".into(),
        R::IpAddressTypeMissing => {
            "An endpoint service must support at least one IP address type".into()
        }
        R::ServiceIpAddressType { service, .. } => {
            format!("The VPC endpoint service {service} does not support the IP address type")
        }
        R::DnsRecordIpType { .. } => {
            "The DNS record IP type is not compatible with the IP address type".into()
        }
        R::PrivateDnsUnsupported(service) => format!(
            "Private DNS can't be enabled because the service {service} does not provide a \
             private DNS name."
        ),
        R::PrivateDnsUnverified(service) => {
            format!("The private DNS name of the VPC endpoint service {service} is not verified.")
        }
        R::PrivateDnsNameMissing(service) => {
            format!("The VpcEndpointService Id '{service}' does not have a private DNS name")
        }
        R::PrivateDnsConflict { domain, vpc } => format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain \
             for {domain} in the VPC {vpc}"
        ),
        R::VpcDnsDisabled(vpc) => format!(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC \
             attributes set to true for {vpc}"
        ),
        R::ServiceZone { service, subnet, zone: _ } => format!(
            "The VPC endpoint service {service} does not support the availability zone of the \
             subnet: {subnet}."
        ),
        R::SubnetNotInEndpoint { subnet, endpoint } => {
            format!("The VPC endpoint '{endpoint}' has no interface in the subnet '{subnet}'")
        }
        R::AddressTwice(subnet) => format!("The subnet '{subnet}' is configured twice"),
        R::AddressOutsideSubnet { address, subnet } => {
            format!("The address '{address}' does not fall within the subnet '{subnet}'")
        }
        R::AddressReserved { address, subnet } => {
            format!("The address '{address}' is in the reserved address range of '{subnet}'")
        }
        R::AddressTaken { address, subnet: _ } => format!("The address '{address}' is in use"),
        R::AddressesExhausted(subnet) => {
            format!("The subnet '{subnet}' does not have a free address")
        }
        R::IllegalMove { endpoint, state, on: _ } => {
            format!(
                "The VPC endpoint '{endpoint}' is in the state '{state}', which does not allow it"
            )
        }
        R::ConnectionEventMissing => {
            "The request must contain the parameter ConnectionEvents".into()
        }
        R::GroupText { max } => format!(
            "Names and descriptions of security groups must have from 1 to {max} characters of \
             a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{{}}!$*"
        ),
        R::GroupNameReserved { name } => {
            format!("Cannot use reserved security group name: {name}")
        }
        R::GroupNameTaken { name, vpc, by: _ } => {
            format!("The security group '{name}' already exists for VPC '{vpc}'")
        }
        R::GroupDefault(id) => {
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user")
        }
        R::GroupOutsideVpc { group, vpc } => {
            format!("The security group '{group}' is not in the VPC '{vpc}'")
        }
        R::GroupMissing(endpoint) => {
            format!("The VPC endpoint '{endpoint}' must have at least one security group")
        }
        R::LoadBalancerUngrouped(_) => {
            "Security groups cannot be set on a Network Load Balancer that was created without one"
                .into()
        }
        R::LoadBalancerGroupMissing(_) => {
            "A Network Load Balancer that was created with a security group must keep one".into()
        }
        R::GroupNotInEndpoint { group, endpoint } => {
            format!("The VPC endpoint '{endpoint}' does not have the security group '{group}'")
        }
        R::RuleMissing => "At least one rule must be specified".into(),
        R::RulePorts(traffic) => format!(
            "Invalid TCP/UDP port range or ICMP type ({}:{})",
            traffic.from_port, traffic.to_port
        ),
        R::RuleTwice(_) => "the specified rule already exists".into(),
        R::RuleNotFound(_) => "The specified rule does not exist in this security group.".into(),
        R::RuleIdNotFound { rule, group: _ } => {
            format!("The security group rule ID '{rule}' does not exist")
        }
        R::RouteTaken { destination } => {
            format!("The route identified by {destination} already exists.")
        }
        R::RouteNotFound { table, destination } => {
            format!("no route with destination-cidr-block {destination} in route table {table}")
        }
        R::SubnetRouted { subnet: _, by } => format!(
            "the specified association for route table {by} conflicts with an existing association"
        ),
        R::RouteTableAssociationNotFound(id) => {
            format!("The association ID '{id}' does not exist")
        }
        R::RouteTableMain(id) => {
            format!("cannot disassociate the main route table association {id}")
        }
        R::ClientTokenMalformed => "ClientToken must have from 1 to 64 ASCII characters".into(),
        R::ClientTokenMismatch { .. } => {
            "The ClientToken was used before with other parameters".into()
        }
    }
}

/// What messages call a resource.
fn noun(id: ResourceId) -> &'static str {
    match id.kind() {
        ResourceKind::Vpc => "vpc ID",
        ResourceKind::Subnet => "subnet ID",
        ResourceKind::LoadBalancer => "load balancer",
        ResourceKind::Listener => "listener",
        ResourceKind::TargetGroup => "target group",
        ResourceKind::Service => "VpcEndpointService Id",
        ResourceKind::Notification => "ConnectionNotification Id",
        ResourceKind::Permission => "VpcEndpointService permission",
        ResourceKind::Endpoint => "VpcEndPoint ID",
        ResourceKind::Interface => "networkInterface ID",
        ResourceKind::RouteTable => "routeTable ID",
        ResourceKind::SecurityGroup => "security group",
        ResourceKind::SecurityGroupRule => "security group rule ID",
    }
}

fn tag(refusal: &TagRefusal) -> String {
    use TagRefusal as R;
    match refusal {
        R::KeyLength { key: _, max } => {
            format!("Tag keys must have from 1 to {max} characters")
        }
        R::ValueLength { key: _, max } => {
            format!("Tag value exceeds the maximum length of {max} characters")
        }
        R::KeyReserved { key: _ } => {
            "Tag keys starting with 'aws:' are reserved for internal use".into()
        }
        R::ValueUnknown { key, allowed } => {
            format!("The tag '{key}' must have one of the values {}", allowed.join(", "))
        }
        R::Number { key, max } => {
            format!("The tag '{key}' must be a whole number from 1 to {max}")
        }
    }
}

fn zonal_shift(refusal: &ZonalShiftRefusal) -> String {
    use ZonalShiftRefusal as R;
    match refusal {
        R::Disabled(id) => format!(
            "The load balancer '{id}' is not managed for zonal shifts: \
             zonal_shift.config.enabled is false"
        ),
        R::Zone { load_balancer } => {
            format!("The load balancer '{load_balancer}' is not in the specified Availability Zone")
        }
        R::Exists(id) => {
            format!("The zonal shift '{}' of the resource is active", id.as_str())
        }
        R::NotFound(id) => format!("The zonal shift '{}' does not exist", id.as_str()),
        R::Ended(id) => format!("The zonal shift '{}' is not active", id.as_str()),
        R::Length => "A zonal shift lasts from 1m to 72h".into(),
        R::Comment { max } => format!("A comment has at most {max} characters"),
    }
}

/// A setting by its name on the wire.
fn setting_name(setting: Setting) -> &'static str {
    match setting {
        Setting::Protocol => "Protocol",
        Setting::Certificates => "Certificates",
        Setting::SslPolicy => "SslPolicy",
        Setting::AlpnPolicy => "AlpnPolicy",
        Setting::IdleTimeoutSeconds => "tcp.idle_timeout.seconds",
        Setting::Weight => "Weight",
        Setting::TargetType => "TargetType",
        Setting::HealthCheckProtocol => "HealthCheckProtocol",
        Setting::HealthCheckPath => "HealthCheckPath",
        Setting::Matcher => "Matcher",
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
        Setting::DeregistrationConnectionTermination => {
            "deregistration_delay.connection_termination.enabled"
        }
        Setting::PreserveClientIp => "preserve_client_ip.enabled",
        Setting::Stickiness => "stickiness.enabled",
        Setting::UnhealthyConnectionTermination => {
            "target_health_state.unhealthy.connection_termination.enabled"
        }
        Setting::SlowStart => "slow_start.duration_seconds",
        Setting::Algorithm => "load_balancing.algorithm.type",
        Setting::OutlierDetection => "postern.outlier_detection.enabled",
        Setting::SecondaryAddresses => "secondary_ips.auto_assigned.per_subnet",
    }
}

/// An address type as both services write it.
fn address_type(of: IpAddressType) -> &'static str {
    match of {
        IpAddressType::Ipv4 => "ipv4",
        IpAddressType::Ipv6 => "ipv6",
        IpAddressType::Dualstack => "dualstack",
    }
}
