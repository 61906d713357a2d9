//! Commands about VPC endpoints.

use crate::resource::ServiceName;
use crate::tag::Tags;
use model::{DnsRecordIpType, IpAddressType, SecurityGroupId, SubnetId, VpcEndpointId, VpcId};
use serde::Serialize;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Parameters of [`crate::Command::CreateEndpoint`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreateEndpoint {
    /// The consumer's network.
    pub vpc: VpcId,
    /// The service.
    pub service_name: ServiceName,
    /// The subnets to have an interface in; those of `addresses` count as well.
    pub subnets: Vec<SubnetId>,
    /// Designated addresses.
    pub addresses: Vec<SubnetAddresses>,
    /// Which addresses the interfaces have.
    pub ip_address_type: IpAddressType,
    /// Which record types its names have; none takes those of its addresses.
    pub dns_record_ip_type: Option<DnsRecordIpType>,
    /// Whether the service's private DNS name resolves to it.
    pub private_dns: bool,
    /// The security groups of its interfaces; none takes the VPC's default one.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub security_groups: BTreeSet<SecurityGroupId>,
    /// Its policy; none is full access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Arc<str>>,
    /// Its tags.
    pub tags: Tags,
    /// Makes a repetition harmless.
    #[serde(skip)]
    pub client_token: Option<Arc<str>>,
}

/// The addresses that an interface is to have (`SubnetConfiguration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SubnetAddresses {
    /// The interface's subnet.
    pub subnet: SubnetId,
    /// Its IPv4 address; none draws one.
    pub ipv4: Option<Ipv4Addr>,
    /// Its IPv6 address; none draws one.
    pub ipv6: Option<Ipv6Addr>,
}

/// Parameters of [`crate::Command::ModifyEndpoint`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModifyEndpoint {
    /// Which.
    pub endpoint: VpcEndpointId,
    /// Subnets to add an interface in.
    pub add_subnets: Vec<SubnetId>,
    /// Subnets whose interface goes.
    pub remove_subnets: Vec<SubnetId>,
    /// Designated addresses, of added subnets or of present ones. The interface of a present one is
    /// replaced, as an interface's address never changes.
    pub addresses: Vec<SubnetAddresses>,
    /// Other addresses of its interfaces.
    pub ip_address_type: Option<IpAddressType>,
    /// Whether the service's private DNS name resolves to it.
    pub private_dns: Option<bool>,
    /// Other record types of its names.
    pub dns_record_ip_type: Option<DnsRecordIpType>,
    /// Another policy; `Some(None)` is full access.
    pub policy: Option<Option<Arc<str>>>,
    /// Security groups that its interfaces are to carry too.
    pub add_security_groups: BTreeSet<SecurityGroupId>,
    /// Security groups that its interfaces are no longer to carry.
    pub remove_security_groups: BTreeSet<SecurityGroupId>,
}

impl ModifyEndpoint {
    /// No change to an endpoint.
    pub fn of(endpoint: VpcEndpointId) -> Self {
        Self {
            endpoint,
            add_subnets: Vec::new(),
            remove_subnets: Vec::new(),
            addresses: Vec::new(),
            ip_address_type: None,
            private_dns: None,
            dns_record_ip_type: None,
            policy: None,
            add_security_groups: BTreeSet::new(),
            remove_security_groups: BTreeSet::new(),
        }
    }
}
