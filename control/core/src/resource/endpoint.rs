//! An interface endpoint with its endpoint network interfaces. Does not know the legal moves
//! between its states ([`crate::transition`]).

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use model::{
    AccountId, ConnectionId, DnsName, DnsRecordIpType, EndpointState, InterfaceId, IpAddressType,
    LoadBalancerId, SecurityGroupId, ServiceId, SubnetId, Timestamp, VpcEndpointId, VpcId, ZoneId,
};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    caller::Identity,
    resource::{Payer, ServiceName},
    tag::Tags,
    transition::awaits_data_plane,
};

/// An interface VPC endpoint: the consumer's end of a connection to a service. The provider sees
/// the same record as a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcEndpoint {
    /// Its id.
    pub id: VpcEndpointId,
    /// The consumer.
    pub owner: AccountId,
    /// The consumer's network.
    pub vpc: VpcId,
    /// The service.
    pub service: ServiceId,
    /// The name it was asked for by.
    pub service_name: ServiceName,
    /// The connection's id, as the provider sees it.
    pub connection: ConnectionId,
    /// Where it stands.
    pub state: EndpointState,
    /// When the state last changed.
    pub state_since: Timestamp,
    /// When the state ends by itself: the request expires, the deletion no longer waits, the
    /// deleted endpoint is forgotten.
    pub deadline: Option<Timestamp>,
    /// Whether it served before the change that it is pending for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_available: bool,
    /// Why it failed, or what it lacks while it is available.
    pub last_error: Option<LastError>,
    /// Which addresses its interfaces have.
    pub ip_address_type: IpAddressType,
    /// Which record types its names have.
    pub dns_record_ip_type: DnsRecordIpType,
    /// The service's private DNS names, if they resolve to this endpoint in its VPC. Kept, so that
    /// what the provider does to the names later does not change what clients dial.
    #[serde(
        default,
        alias = "private_dns_name",
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "one_or_many"
    )]
    pub private_dns_names: Vec<DnsName>,
    /// The name that resolves to every healthy zone.
    pub regional_name: DnsName,
    /// The security groups that its interfaces carry.
    #[serde(default)]
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Its interfaces, one per subnet and at most one per zone, in the order of their subnets.
    pub interfaces: Vec<Interface>,
    /// What may be asked for through it; none is everything. Kept and shown: the requests are those
    /// of the service's own protocol, which whoever serves it can tell apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Arc<str>>,
    /// Whom in the owner's account a permission of the service had admitted when it was made; none
    /// if that was not written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<Identity>,
    /// Whom its charges are for, if somebody chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<Payer>,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

impl VpcEndpoint {
    /// The interface in a subnet.
    pub fn interface_in(&self, subnet: SubnetId) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| interface.subnet == subnet)
    }

    /// Whether it waits for a report of the data plane: to end a state, or that what it lacks is
    /// there.
    pub fn awaits_data_plane(&self) -> bool {
        let lacks = self.state == EndpointState::Available && self.last_error.is_some();
        lacks || awaits_data_plane(self.state)
    }

    /// Whether its interfaces exist: they go when the endpoint is deleted.
    pub fn has_interfaces(&self) -> bool {
        self.state != EndpointState::Deleted
    }
}

/// An endpoint network interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its id.
    pub id: InterfaceId,
    /// The subnet its addresses are from.
    pub subnet: SubnetId,
    /// Its zone.
    pub zone: ZoneId,
    /// The name that resolves to this zone only. Kept, so that renaming a zone in the configuration
    /// does not rename what clients dial.
    pub zonal_name: DnsName,
    /// Its IPv4 address.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address.
    pub ipv6: Option<Ipv6Addr>,
    /// The load balancer that its connections go to, drawn once (semantics 3.6).
    pub load_balancer: LoadBalancerId,
    /// When it was made.
    pub created: Timestamp,
}

impl Interface {
    /// Its addresses, IPv4 first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.ipv4.map(IpAddr::V4).into_iter().chain(self.ipv6.map(IpAddr::V6))
    }
}

/// Reads names; records once had one only, or none.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DnsName>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(Option<DnsName>),
        Many(Vec<DnsName>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => name.into_iter().collect(),
        Names::Many(names) => names,
    })
}

/// Why an endpoint failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastError {
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
}
