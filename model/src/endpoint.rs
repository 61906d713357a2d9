//! VPC endpoints as the planes see them. Knows the states, not the moves between them.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, DnsName, DnsRecordIpType, InterfaceId, LoadBalancerId, ServiceId, SubnetId,
    VpcEndpointId, VpcId, ZoneId,
};

/// Where a VPC endpoint stands. The order and the words are the guide's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndpointState {
    /// The provider has not answered the connection request yet.
    PendingAcceptance,
    /// Accepted; the data plane has yet to report the addresses bound.
    Pending,
    /// Addresses are bound and carry connections.
    Available,
    /// The provider said no.
    Rejected,
    /// Nobody answered the request in time.
    Expired,
    /// The addresses could not be bound.
    Failed,
    /// The consumer asked for deletion; the data plane has yet to let go.
    Deleting,
    /// Gone; listed for a while.
    Deleted,
}

impl fmt::Display for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PendingAcceptance => "pendingAcceptance",
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        })
    }
}

/// An endpoint that is to be served. Only `Pending` and `Available` ones are in a snapshot; what is
/// not in the snapshot has no listener, no connection and no name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id, sent to targets in the PROXY header's 0xEA field.
    pub id: VpcEndpointId,
    /// The consumer.
    pub owner: AccountId,
    /// The consumer's network.
    pub vpc: VpcId,
    /// The endpoint service it connects to.
    pub service: ServiceId,
    /// `Pending` or `Available`.
    pub state: EndpointState,
    /// The name that resolves to every healthy zone.
    pub regional_name: DnsName,
    /// The service's private DNS names, if clients of the consumer's network reach the endpoint by
    /// them: the same addresses as the Regional name. The first label of each may be `*`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private_dns_names: Vec<DnsName>,
    /// Which record types its names have.
    pub dns_record_ip_type: DnsRecordIpType,
    /// How much it may carry.
    #[serde(default, skip_serializing_if = "EndpointLimits::is_unlimited")]
    pub limits: EndpointLimits,
    /// One per chosen subnet, so at most one per zone.
    pub interfaces: Vec<Interface>,
}

/// How much one endpoint may carry, over all its interfaces; none means as much as there is. Beyond
/// AWS: what one consumer does then costs another one nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointLimits {
    /// Connections and UDP flows open at the same time.
    pub connections: Option<u32>,
    /// New connections and UDP flows per second.
    pub new_connections_per_second: Option<u32>,
    /// Bytes per second, both ways together.
    pub bytes_per_second: Option<u64>,
}

impl EndpointLimits {
    /// Whether there are none.
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }
}

/// An endpoint network interface: the addresses that the data plane binds in one zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its id.
    pub id: InterfaceId,
    /// The subnet its addresses are from.
    pub subnet: SubnetId,
    /// Its Availability Zone.
    pub zone: ZoneId,
    /// The name that resolves to this zone only.
    pub zonal_name: DnsName,
    /// Its IPv4 address, unless the endpoint is of type ipv6.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address, if the endpoint is of type ipv6 or dualstack.
    pub ipv6: Option<Ipv6Addr>,
    /// The load balancer chosen for this interface, once and for all (semantics 3.6).
    pub load_balancer: LoadBalancerId,
}

impl Interface {
    /// All its addresses, IPv4 first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.ipv4.map(IpAddr::V4).into_iter().chain(self.ipv6.map(IpAddr::V6))
    }
}
