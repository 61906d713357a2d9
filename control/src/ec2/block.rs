//! Address blocks of VPCs and subnets on the wire.

use control_core::{
    Outcome,
    command::NewBlock,
    resource::{SubnetBlock, VpcBlock},
};
use ipnet::{IpNet, Ipv6Net};
use model::VpcCidrAssociationId;

use crate::query::{Fault, Input, Xml};

/// Members about address management, which is not served.
pub(super) const UNSUPPORTED_OF_VPC: &[&str] = &[
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6CidrBlockNetworkBorderGroup",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
];

/// What the pool of named IPv6 blocks is called where AWS shows a pool.
const NAMED_POOL: &str = "named";
/// What AWS calls its own pool.
const DRAWN_POOL: &str = "Amazon";

/// Reads the IPv6 block that a VPC is to have: drawn, or named. Whoever names one on AWS names its
/// pool too, so that is taken, though there is only the one.
pub(super) fn ipv6_of_vpc(input: &Input<'_>) -> Result<Option<NewBlock>, Fault> {
    let is_drawn = input.boolean("AmazonProvidedIpv6CidrBlock")? == Some(true);
    input.text("Ipv6Pool")?;
    let named: Option<Ipv6Net> = input.parse("Ipv6CidrBlock", "an IPv6 CIDR block")?;
    match (is_drawn, named) {
        (true, Some(_)) => Err(Fault::invalid_combination(
            "Only one of AmazonProvidedIpv6CidrBlock and Ipv6CidrBlock may be specified.",
        )),
        (true, None) => Ok(Some(NewBlock::Drawn)),
        (false, named) => Ok(named.map(|block| NewBlock::Named(block.into()))),
    }
}

/// Writes one block of a VPC.
pub(super) fn write_of_vpc(
    xml: &mut Xml,
    association: VpcCidrAssociationId,
    block: VpcBlock,
    state: &str,
) {
    xml.value("associationId", association);
    match block.block {
        IpNet::V4(cidr) => {
            xml.value("cidrBlock", cidr);
            xml.element("cidrBlockState", |xml| xml.text("state", state));
        }
        IpNet::V6(cidr) => {
            xml.value("ipv6CidrBlock", cidr);
            xml.element("ipv6CidrBlockState", |xml| xml.text("state", state));
            xml.text("ipv6Pool", if block.is_drawn { DRAWN_POOL } else { NAMED_POOL });
        }
    }
}

/// Writes the IPv6 block of a subnet.
pub(super) fn write_of_subnet(xml: &mut Xml, ipv6: SubnetBlock, state: &str) {
    xml.value("associationId", ipv6.association);
    xml.value("ipv6CidrBlock", ipv6.block);
    xml.element("ipv6CidrBlockState", |xml| xml.text("state", state));
}

/// The answer about a block that a VPC got or lost.
pub(super) fn write_vpc_outcome(made: &Outcome, state: &str) -> Result<Xml, Fault> {
    let Outcome::VpcBlock { vpc, association, block } = made else { return Err(Fault::internal()) };
    let name = match block.block {
        IpNet::V4(_) => "cidrBlockAssociation",
        IpNet::V6(_) => "ipv6CidrBlockAssociation",
    };
    let mut xml = Xml::new();
    xml.value("vpcId", vpc);
    xml.element(name, |xml| write_of_vpc(xml, *association, *block, state));
    Ok(xml)
}

/// The answer about IPv6 addresses that a subnet got or lost.
pub(super) fn write_subnet_outcome(made: &Outcome, state: &str) -> Result<Xml, Fault> {
    let Outcome::SubnetBlock { subnet, association, block } = made else {
        return Err(Fault::internal());
    };
    let ipv6 = SubnetBlock { association: *association, block: *block };
    let mut xml = Xml::new();
    xml.value("subnetId", subnet);
    xml.element("ipv6CidrBlockAssociation", |xml| write_of_subnet(xml, ipv6, state));
    Ok(xml)
}
