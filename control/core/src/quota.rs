//! How much of everything an account may have. The numbers are AWS's where AWS has one; the rest
//! bound what one command, one record or one listing can cost. The operator may set other numbers,
//! for everybody or for single accounts, where that is a matter of choice.

use std::{collections::BTreeMap, fmt};

use model::AccountId;

use crate::refusal::Refusal;

/// The most that an operator may allow of anything: ten times of what one node is made for.
pub const LIMIT_MAX: usize = 100_000;

/// Defines what is counted.
macro_rules! quotas {
    ($($(#[$doc:meta])* $quota:ident($name:literal, $limit:literal, $adjustable:literal);)*) => {
        /// Something that is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Quota {
            $($(#[$doc])* $quota,)*
        }

        impl Quota {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$quota,)*];

            /// Its name in a configuration.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$quota => $name,)*
                }
            }

            /// The most there may be, unless the operator says otherwise.
            pub const fn default_limit(self) -> usize {
                match self {
                    $(Self::$quota => $limit,)*
                }
            }

            /// Whether the operator may say otherwise.
            pub const fn is_adjustable(self) -> bool {
                match self {
                    $(Self::$quota => $adjustable,)*
                }
            }
        }
    };
}

quotas! {
    // AWS allows 5 and raises it on request; 1,000 endpoints per VPC are 20 VPCs, 10,000 are 200.
    /// VPCs of an account.
    VpcsPerAccount("vpcs_per_account", 1000, true);
    /// IPv4 address blocks of a VPC, and IPv6 ones.
    BlocksPerVpc("blocks_per_vpc", 5, true);
    /// Subnets of a VPC.
    SubnetsPerVpc("subnets_per_vpc", 200, true);
    // AWS counts 2,500 for a Region; what a listing of one VPC costs is bounded here.
    /// Security groups of a VPC.
    SecurityGroupsPerVpc("security_groups_per_vpc", 500, true);
    /// Rules of a security group, one way.
    RulesPerSecurityGroup("rules_per_security_group", 60, true);
    /// Security groups that an interface carries.
    SecurityGroupsPerInterface("security_groups_per_interface", 5, true);
    /// Route tables of a VPC.
    RouteTablesPerVpc("route_tables_per_vpc", 200, true);
    /// Routes of a route table, besides the local one.
    RoutesPerRouteTable("routes_per_route_table", 500, true);
    /// Tags of a resource; AWS does not raise it either.
    TagsPerResource("tags_per_resource", 50, false);
    /// Network Load Balancers of an account.
    LoadBalancersPerAccount("load_balancers_per_account", 300, true);
    /// Listeners of a load balancer.
    ListenersPerLoadBalancer("listeners_per_load_balancer", 50, true);
    /// Target groups of a listener's forward action; AWS does not raise it either.
    TargetGroupsPerListener("target_groups_per_listener", 5, false);
    /// Certificates of a listener, without the default one.
    CertificatesPerListener("certificates_per_listener", 25, true);
    /// Target groups of an account.
    TargetGroupsPerAccount("target_groups_per_account", 3000, true);
    /// Targets of a target group.
    TargetsPerTargetGroup("targets_per_target_group", 1000, true);
    /// Endpoint services of an account.
    ServicesPerAccount("services_per_account", 1000, true);
    /// Load balancers of an endpoint service.
    LoadBalancersPerService("load_balancers_per_service", 50, true);
    /// Permissions of an endpoint service.
    PermissionsPerService("permissions_per_service", 1000, true);
    // The guide's number, of interface and Gateway Load Balancer endpoints together.
    /// Interface endpoints of a VPC.
    EndpointsPerVpc("endpoints_per_vpc", 50, true);
    // Each writes a message into the transaction of what it tells of.
    /// Connection notifications about one service or endpoint.
    NotificationsPerResource("notifications_per_resource", 20, true);
    // A token lives for a day and is counted at each use, so the count must stay cheap.
    /// Client tokens of an account that are remembered.
    ClientTokensPerAccount("client_tokens_per_account", 10_000, false);
    // One transaction carries at most as many records as one command may name.
    /// Resources, tags, targets or principals that one command names, or endpoints that it ends.
    ItemsPerCommand("items_per_command", 1000, false);
}

impl Quota {
    /// Refuses `count` of what nobody can have more of than usual.
    pub(crate) fn allows(self, count: usize) -> Result<(), Refusal> {
        self.check(count, self.default_limit())
    }

    /// Refuses `count` of them if that is beyond the limit.
    pub(crate) fn check(self, count: usize, limit: usize) -> Result<(), Refusal> {
        if count > limit { Err(Refusal::QuotaExceeded { quota: self, limit }) } else { Ok(()) }
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Limits other than the usual ones.
pub type Limits = BTreeMap<Quota, usize>;

/// The operator's limits: a lower one ends nothing that is there already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Everybody's.
    pub common: Limits,
    /// Those of single accounts, which count for more.
    pub accounts: BTreeMap<AccountId, Limits>,
}

impl Quotas {
    /// The most of something that an account may have.
    pub fn limit(&self, account: &AccountId, quota: Quota) -> usize {
        if !quota.is_adjustable() {
            return quota.default_limit();
        }
        let own = self.accounts.get(account).and_then(|limits| limits.get(&quota));
        own.or_else(|| self.common.get(&quota)).copied().unwrap_or_else(|| quota.default_limit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accounts_own_limit_counts_for_more() {
        let [one, two]: [AccountId; 2] =
            ["111111111111", "222222222222"].map(|id| id.parse().unwrap());
        let quota = Quota::EndpointsPerVpc;
        let mut quotas = Quotas::default();
        assert_eq!(quotas.limit(&one, quota), 50);
        quotas.common.insert(quota, 7);
        quotas.accounts.entry(two.clone()).or_default().insert(quota, 100);
        assert_eq!((quotas.limit(&one, quota), quotas.limit(&two, quota)), (7, 100));
        assert_eq!(quotas.limit(&two, Quota::VpcsPerAccount), 1000);
        quotas.common.insert(Quota::TagsPerResource, 1);
        assert_eq!(quotas.limit(&one, Quota::TagsPerResource), 50);
    }

    #[test]
    fn names_in_a_configuration_differ() {
        let names: std::collections::BTreeSet<_> = Quota::ALL.iter().map(|it| it.name()).collect();
        assert_eq!(names.len(), Quota::ALL.len());
    }
}
