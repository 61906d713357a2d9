//! A subnet: a part of a VPC's addresses, in one zone.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use model::{
    AccountId, AddressFamily, IpAddressType, SubnetCidrAssociationId, SubnetId, Timestamp, VpcId,
    ZoneId,
};
use serde::{Deserialize, Serialize};

use crate::tag::Tags;

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// Its id.
    pub id: SubnetId,
    /// Whose it is.
    pub owner: AccountId,
    /// The VPC it is part of.
    pub vpc: VpcId,
    /// Its zone.
    pub zone: ZoneId,
    /// Its IPv4 addresses, all of them in the VPC's blocks and in no other subnet's; none if it is
    /// an IPv6-only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr: Option<Ipv4Net>,
    /// Its IPv6 addresses, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<SubnetBlock>,
    /// When it was made.
    pub created: Timestamp,
    /// Its tags.
    pub tags: Tags,
}

/// The IPv6 addresses of a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetBlock {
    /// Their association.
    pub association: SubnetCidrAssociationId,
    /// The addresses.
    pub block: Ipv6Net,
}

impl Subnet {
    /// Its address blocks, IPv4 first.
    pub fn blocks(&self) -> impl Iterator<Item = IpNet> + '_ {
        let ipv6 = self.ipv6.map(|it| IpNet::V6(it.block));
        self.cidr.map(IpNet::V4).into_iter().chain(ipv6)
    }

    /// Whether an address is one of its own.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.blocks().any(|block| block.contains(&address))
    }

    /// Whether endpoints of a type can have an interface in it (guide: "IP address types"): `ipv6`
    /// takes IPv6-only subnets, `dualstack` those with both.
    pub fn fits(&self, ip_address_type: IpAddressType) -> bool {
        let has = |family| ip_address_type.has(family);
        let ipv4 = self.cidr.is_some();
        match ip_address_type {
            IpAddressType::Ipv4 => ipv4,
            IpAddressType::Ipv6 | IpAddressType::Dualstack => {
                self.ipv6.is_some() && ipv4 == has(AddressFamily::Ipv4)
            }
        }
    }
}
