//! Why a command is refused: a closed list that carries what it is about as data. The error codes
//! and the sentences are the wire's.

mod setting;
mod tag;
mod zonal_shift;

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use model::{
    DnsName, DnsRecordIpType, EndpointState, IpAddressType, ListenerId, LoadBalancerId, RegionName,
    RouteTableAssociationId, RouteTableId, SecurityGroupId, SecurityGroupRuleId, ServiceId,
    SubnetCidrAssociationId, SubnetId, TargetAddr, TargetGroupId, VpcCidrAssociationId,
    VpcEndpointId, VpcId, ZoneId,
};

use crate::{
    quota::Quota,
    record::Key,
    resource::{Payer, ResourceId, ServiceName, ServiceType, TargetName, Traffic},
    settings::ZoneRef,
    transition::Move,
};

pub use setting::Setting;
pub use tag::TagRefusal;
pub use zonal_shift::ZonalShiftRefusal;

/// Why a command is refused. What a caller may not see is not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The resource does not exist, or is another account's.
    NotFound(ResourceId),
    /// No such service, or the caller is not permitted.
    ServiceNameNotFound(ServiceName),
    /// The service has no connection of this endpoint.
    ConnectionNotFound {
        /// The caller's service.
        service: ServiceId,
        /// The endpoint.
        endpoint: VpcEndpointId,
    },
    /// No such zone.
    ZoneNotFound(ZoneRef),
    /// No zone is configured at all.
    ZoneMissing,
    /// A limit is reached.
    QuotaExceeded {
        /// What is counted.
        quota: Quota,
        /// The most there may be.
        limit: usize,
    },
    /// The record would be larger than any may be.
    RecordTooLarge {
        /// The record.
        key: Key,
        /// The most bytes it may have.
        max: usize,
    },
    /// Something else still uses the resource.
    InUse {
        /// The resource.
        resource: ResourceId,
        /// One that uses it.
        by: ResourceId,
    },

    /// A tag is not as it must be.
    Tag(TagRefusal),
    /// This resource's tags belong to Postern.
    TagsNotYours(ResourceId),

    /// The address range is too large or too small.
    CidrSize {
        /// The range.
        cidr: IpNet,
        /// The shortest prefix allowed.
        shortest: u8,
        /// The longest prefix allowed.
        longest: u8,
    },
    /// The subnet's range is not within its VPC's.
    CidrOutsideVpc {
        /// The subnet's range.
        cidr: IpNet,
        /// The VPC.
        vpc: VpcId,
    },
    /// The subnet's range overlaps another subnet's.
    CidrOverlap {
        /// The range.
        cidr: IpNet,
        /// The other subnet.
        with: SubnetId,
        /// The other subnet's range.
        other: IpNet,
    },
    /// The VPC's block overlaps another of its own.
    BlockOverlap {
        /// The block.
        cidr: IpNet,
        /// The other.
        other: IpNet,
    },
    /// No pool of IPv6 addresses is configured.
    Ipv6PoolMissing,
    /// The pool of IPv6 addresses has no block left.
    Ipv6PoolExhausted,
    /// No such association of a VPC's.
    VpcBlockNotFound(VpcCidrAssociationId),
    /// A VPC's first block cannot be taken from it.
    VpcBlockFirst(VpcCidrAssociationId),
    /// No such association of a subnet's.
    SubnetBlockNotFound(SubnetCidrAssociationId),
    /// A subnet must have IPv4 or IPv6 addresses.
    SubnetBlockMissing,
    /// The subnet has IPv6 addresses already.
    SubnetBlockTaken(SubnetId),
    /// Something has addresses of the block.
    BlockInUse {
        /// The block.
        cidr: IpNet,
        /// Who.
        by: ResourceId,
    },

    /// The name of a load balancer or target group is not 1 to 32 letters, digits and inner
    /// hyphens.
    NameMalformed {
        /// The name.
        name: String,
    },
    /// The account has another resource of this kind with this name.
    NameTaken {
        /// The name.
        name: String,
        /// The other resource.
        by: ResourceId,
    },
    /// Something that needs a subnet names none.
    SubnetMissing,
    /// Two subnets of one zone are named.
    SubnetsInSameZone {
        /// The first.
        first: SubnetId,
        /// The second.
        second: SubnetId,
        /// Their zone.
        zone: ZoneId,
    },
    /// A subnet is not of the VPC that it must be of.
    SubnetOutsideVpc {
        /// The subnet.
        subnet: SubnetId,
        /// The VPC.
        vpc: VpcId,
    },
    /// Load balancers and services have no such address type.
    IpAddressTypeUnsupported(IpAddressType),

    /// A zonal shift does not start, change or end.
    ZonalShift(ZonalShiftRefusal),
    /// The load balancer is protected against deletion.
    DeletionProtected(LoadBalancerId),
    /// A setting is beyond its range.
    OutOfRange {
        /// The setting.
        setting: Setting,
        /// The value.
        value: u32,
        /// The least it may be.
        min: u32,
        /// The most it may be.
        max: u32,
    },
    /// Two settings exclude each other.
    Conflicting {
        /// The setting that must change.
        setting: Setting,
        /// The setting that it conflicts with.
        with: Setting,
    },
    /// The path of a health check does not start with a slash, or cannot stand in a request.
    HealthCheckPath,
    /// A TLS listener has no certificate.
    CertificateMissing,
    /// No such certificate, or not the caller's to use.
    CertificateNotFound(Arc<str>),
    /// A listener's default certificate can be replaced, not removed.
    CertificateDefault(ListenerId),
    /// No such security policy.
    SslPolicyNotFound(Arc<str>),
    /// Another listener of the load balancer has the port.
    PortTaken {
        /// The port.
        port: u16,
        /// The other listener.
        by: ListenerId,
    },
    /// A listener forwards to no target group.
    TargetGroupMissing,
    /// A listener names a target group twice.
    TargetGroupTwice(TargetGroupId),
    /// The target group belongs to another VPC than the load balancer.
    TargetGroupOutsideVpc {
        /// The target group.
        target_group: TargetGroupId,
        /// The load balancer's VPC.
        vpc: VpcId,
    },
    /// The target group speaks another protocol than the listener.
    TargetGroupProtocol(TargetGroupId),
    /// A TLS listener does not forward to groups whose clients stick to a target.
    TargetGroupSticky(TargetGroupId),
    /// A target group serves one load balancer only.
    TargetGroupTaken {
        /// The target group.
        target_group: TargetGroupId,
        /// The load balancer that uses it.
        by: LoadBalancerId,
    },
    /// A group of the type alb is as it is.
    TargetGroupFixed(TargetGroupId),
    /// No target is named.
    TargetMissing,
    /// The name is none that targets of the group's type have.
    TargetNameMalformed(TargetName),
    /// The operator knows no such instance or load balancer, or not for the caller.
    TargetUnknown(TargetName),
    /// The zone of such a target cannot be chosen.
    TargetZoneFixed(TargetName),
    /// The port of such a target is the group's.
    TargetPortFixed(TargetName),
    /// The address cannot be a target: unspecified, multicast or broadcast.
    TargetAddress(IpAddr),
    /// The address is in no subnet of the target group's VPC, so its zone must be named.
    TargetZoneMissing(TargetAddr),
    /// The address is in a subnet of another zone: this one.
    TargetZone(TargetAddr, ZoneId),

    /// A service names no load balancer, or would be left without.
    LoadBalancerMissing,
    /// The load balancer belongs to another service.
    LoadBalancerTaken {
        /// The load balancer.
        load_balancer: LoadBalancerId,
        /// The other service.
        by: ServiceId,
    },
    /// The load balancer is not the service's.
    LoadBalancerNotInService {
        /// The load balancer.
        load_balancer: LoadBalancerId,
        /// The service.
        service: ServiceId,
    },
    /// Connections through the load balancer, or to the service, still stand.
    ConnectionsExist {
        /// The service.
        service: ServiceId,
        /// One of the endpoints.
        endpoint: VpcEndpointId,
    },
    /// The service is of the platform's catalogue, which only its configuration changes.
    ServiceCatalogued(ServiceId),
    /// The name, the base name or the number of private names is none that the catalogue may have.
    CatalogEntryMalformed(ServiceName),
    /// Another service of the catalogue has the name, for the same type of endpoint.
    CatalogEntryTaken {
        /// The name.
        name: ServiceName,
        /// The other service.
        by: ServiceId,
    },
    /// The service is for another type of endpoint.
    ServiceTypeMismatch {
        /// The service.
        service: ServiceName,
        /// What it is for.
        service_type: ServiceType,
    },
    /// Services cannot be offered in this Region.
    RegionUnknown(RegionName),
    /// A service cannot leave the Region that hosts it.
    RegionIsHost(RegionName),
    /// The service is not offered in this Region.
    RegionNotInService {
        /// The Region.
        region: RegionName,
        /// The service.
        service: ServiceId,
    },
    /// Cross-Region access does not go with a listener's own idle timeout.
    RegionIdleTimeout(ListenerId),
    /// Cross-Region access is not available in this zone.
    RegionZone(ZoneId),
    /// An account can take charges upon itself, not put them on another.
    PayerNotYours(Payer),
    /// A service must take at least one kind of endpoint.
    IpAddressTypeMissing,

    /// The service takes no endpoints of this type.
    ServiceIpAddressType {
        /// The service.
        service: ServiceName,
        /// The type.
        ip_address_type: IpAddressType,
    },
    /// Endpoints to the service have no policy.
    PolicyUnsupported(ServiceName),
    /// The endpoint's policy is too long.
    PolicyLength {
        /// The most characters it may have.
        max: usize,
    },
    /// The subnet does not have the addresses that the type asks for.
    SubnetIpAddressType {
        /// The subnet.
        subnet: SubnetId,
        /// The type.
        ip_address_type: IpAddressType,
    },
    /// A service takes IPv6 if all its load balancers do.
    LoadBalancerIpAddressType(LoadBalancerId),
    /// The designated address is not of the endpoint's type.
    AddressFamily {
        /// The address.
        address: IpAddr,
        /// The type.
        ip_address_type: IpAddressType,
    },
    /// These record types do not go with these addresses.
    DnsRecordIpType {
        /// The record types.
        dns_record_ip_type: DnsRecordIpType,
        /// The addresses.
        ip_address_type: IpAddressType,
    },
    /// The service has no private DNS name, so that it cannot be enabled.
    PrivateDnsUnsupported(ServiceName),
    /// The domain of the service's private DNS name is not proven, or no longer.
    PrivateDnsUnverified(ServiceName),
    /// The service has no private DNS name whose domain could be proven.
    PrivateDnsNameMissing(ServiceId),
    /// Another endpoint of the VPC has the private DNS name.
    PrivateDnsConflict {
        /// The name.
        domain: DnsName,
        /// The VPC.
        vpc: VpcId,
    },
    /// Private DNS names need both DNS attributes of the VPC.
    VpcDnsDisabled(VpcId),
    /// The service is not in the subnet's zone.
    ServiceZone {
        /// The service.
        service: ServiceName,
        /// The subnet.
        subnet: SubnetId,
        /// Its zone.
        zone: ZoneId,
    },
    /// The endpoint has no interface in the subnet.
    SubnetNotInEndpoint {
        /// The subnet.
        subnet: SubnetId,
        /// The endpoint.
        endpoint: VpcEndpointId,
    },
    /// Two designations name one subnet.
    AddressTwice(SubnetId),
    /// The designated address is not one of the subnet's.
    AddressOutsideSubnet {
        /// The address.
        address: IpAddr,
        /// The subnet.
        subnet: SubnetId,
    },
    /// The designated address is one of those that every subnet reserves.
    AddressReserved {
        /// The address.
        address: IpAddr,
        /// The subnet.
        subnet: SubnetId,
    },
    /// Another interface has the designated address.
    AddressTaken {
        /// The address.
        address: IpAddr,
        /// The subnet.
        subnet: SubnetId,
    },
    /// The subnet has no address left.
    AddressesExhausted(SubnetId),
    /// The endpoint's state does not allow it.
    IllegalMove {
        /// The endpoint.
        endpoint: VpcEndpointId,
        /// Its state.
        state: EndpointState,
        /// What was asked for.
        on: Move,
    },

    /// A connection notification would tell of nothing.
    ConnectionEventMissing,
    /// A security group's name, or its or a rule's description, has other characters than allowed,
    /// or too many or none.
    GroupText {
        /// The most characters it may have.
        max: usize,
    },
    /// The name of a security group is `default`, or looks like an id.
    GroupNameReserved {
        /// The name.
        name: String,
    },
    /// Another security group of the VPC has the name.
    GroupNameTaken {
        /// The name.
        name: String,
        /// The VPC.
        vpc: VpcId,
        /// The other group.
        by: SecurityGroupId,
    },
    /// The group came with its VPC and goes with it only.
    GroupDefault(SecurityGroupId),
    /// The group is of another VPC.
    GroupOutsideVpc {
        /// The group.
        group: SecurityGroupId,
        /// The VPC.
        vpc: VpcId,
    },
    /// An endpoint's interfaces must carry a group.
    GroupMissing(VpcEndpointId),
    /// A load balancer made without groups cannot have any.
    LoadBalancerUngrouped(LoadBalancerId),
    /// A load balancer made with groups must keep one.
    LoadBalancerGroupMissing(LoadBalancerId),
    /// The endpoint's interfaces do not carry the group.
    GroupNotInEndpoint {
        /// The group.
        group: SecurityGroupId,
        /// The endpoint.
        endpoint: VpcEndpointId,
    },
    /// No rule is named.
    RuleMissing,
    /// The ports do not go with the protocol.
    RulePorts(Traffic),
    /// The group has a rule that allows this, or two of the new ones would.
    RuleTwice(Traffic),
    /// The group has no rule that allows this.
    RuleNotFound(SecurityGroupId),
    /// The group has no rule with this id that way.
    RuleIdNotFound {
        /// The rule.
        rule: SecurityGroupRuleId,
        /// The group.
        group: SecurityGroupId,
    },

    /// The table has a route to the destination.
    RouteTaken {
        /// The destination.
        destination: IpNet,
    },
    /// The table has no route to the destination that could be taken away.
    RouteNotFound {
        /// The table.
        table: RouteTableId,
        /// The destination.
        destination: IpNet,
    },
    /// The subnet uses a route table already.
    SubnetRouted {
        /// The subnet.
        subnet: SubnetId,
        /// Its table.
        by: RouteTableId,
    },
    /// No such association.
    RouteTableAssociationNotFound(RouteTableAssociationId),
    /// The association makes the table its VPC's main one and cannot be undone.
    RouteTableMain(RouteTableAssociationId),

    /// The client token is empty, too long or not ASCII.
    ClientTokenMalformed,
    /// The client token was used with other parameters.
    ClientTokenMismatch {
        /// What it made.
        resource: ResourceId,
    },
}
