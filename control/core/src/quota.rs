//! How much of everything an account may have. The numbers are AWS's where AWS has one; the rest
//! bound what one command, one record or one listing can cost.

use std::fmt;

use crate::refusal::Refusal;

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quota {
    /// VPCs of an account.
    VpcsPerAccount,
    /// IPv4 address blocks of a VPC, and IPv6 ones.
    BlocksPerVpc,
    /// Subnets of a VPC.
    SubnetsPerVpc,
    /// Security groups of a VPC.
    SecurityGroupsPerVpc,
    /// Rules of a security group, one way.
    RulesPerSecurityGroup,
    /// Security groups that an interface carries.
    SecurityGroupsPerInterface,
    /// Route tables of a VPC.
    RouteTablesPerVpc,
    /// Routes of a route table, besides the local one.
    RoutesPerRouteTable,
    /// Tags of a resource.
    TagsPerResource,
    /// Network Load Balancers of an account.
    LoadBalancersPerAccount,
    /// Listeners of a load balancer.
    ListenersPerLoadBalancer,
    /// Target groups of a listener's forward action.
    TargetGroupsPerListener,
    /// Target groups of an account.
    TargetGroupsPerAccount,
    /// Targets of a target group.
    TargetsPerTargetGroup,
    /// Endpoint services of an account.
    ServicesPerAccount,
    /// Load balancers of an endpoint service.
    LoadBalancersPerService,
    /// Permissions of an endpoint service.
    PermissionsPerService,
    /// Interface endpoints of a VPC.
    EndpointsPerVpc,
    /// Connection notifications about one service or endpoint.
    NotificationsPerResource,
    /// Client tokens of an account that are remembered.
    ClientTokensPerAccount,
    /// Resources, tags, targets or principals named by one command.
    ItemsPerCommand,
}

impl Quota {
    /// The most there may be.
    pub const fn limit(self) -> usize {
        match self {
            // AWS allows 5 and raises it on request; 1,000 endpoints per VPC are 20 VPCs, 10,000
            // are 200.
            Self::VpcsPerAccount => 1000,
            Self::BlocksPerVpc => 5,
            Self::SubnetsPerVpc => 200,
            // AWS counts 2,500 for a Region; what a listing of one VPC costs is bounded here.
            Self::SecurityGroupsPerVpc => 500,
            Self::RulesPerSecurityGroup => 60,
            Self::SecurityGroupsPerInterface => 5,
            Self::RouteTablesPerVpc => 200,
            Self::RoutesPerRouteTable => 500,
            Self::TagsPerResource => 50,
            Self::LoadBalancersPerAccount => 300,
            Self::ListenersPerLoadBalancer => 50,
            Self::TargetGroupsPerListener => 5,
            Self::TargetGroupsPerAccount => 3000,
            Self::TargetsPerTargetGroup => 1000,
            Self::ServicesPerAccount => 1000,
            Self::LoadBalancersPerService => 50,
            Self::PermissionsPerService => 1000,
            Self::EndpointsPerVpc => 50,
            // Each writes a message into the transaction of what it tells of.
            Self::NotificationsPerResource => 20,
            // A token lives for a day and is counted at each use, so the count must stay cheap.
            Self::ClientTokensPerAccount => 10_000,
            // One transaction carries at most as many records as one command may name.
            Self::ItemsPerCommand => 1000,
        }
    }

    /// Refuses `count` of them if that is beyond the limit.
    pub(crate) fn allows(self, count: usize) -> Result<(), Refusal> {
        let limit = self.limit();
        if count > limit { Err(Refusal::QuotaExceeded { quota: self, limit }) } else { Ok(()) }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
