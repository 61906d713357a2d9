//! `AssociateSubnetCidrBlock`: gives a subnet IPv6 addresses.

use control_core::Command;

use crate::{
    api::Call,
    ec2::{block, id::required_id, unsuccessful::recoded},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["Ipv6IpamPoolId", "Ipv6NetmaskLength"])?;
    let subnet = required_id(&input, "SubnetId")?;
    let block = input.required("Ipv6CidrBlock", "an IPv6 CIDR block")?;
    let change = call.change(&input)?;
    let made = call.make(change, Command::AssociateSubnetBlock { subnet, block }).await;
    let made = made.map_err(|fault| recoded(fault, "InvalidVpc.Range", "InvalidSubnet.Range"))?;
    block::write_subnet_outcome(&made, "associated")
}
