//! `ModifyVpcAttribute`: switches DNS support or DNS host names of a network, one at a time.

use control_core::{Command, resource::VpcAttribute};

use crate::{
    api::Call,
    ec2::id::required_id,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["EnableNetworkAddressUsageMetrics"])?;
    let vpc = required_id(&input, "VpcId")?;
    let value = |name| input.structure(name).boolean("Value");
    let attribute = match (value("EnableDnsSupport")?, value("EnableDnsHostnames")?) {
        (Some(is_on), None) => VpcAttribute::DnsSupport(is_on),
        (None, Some(is_on)) => VpcAttribute::DnsHostnames(is_on),
        (None, None) => {
            return Err(Fault::missing_parameter("EnableDnsSupport or EnableDnsHostnames"));
        }
        (Some(_), Some(_)) => {
            let message = "Only one attribute can be changed in a request.";
            return Err(Fault::invalid_combination(message));
        }
    };
    let change = call.change(&input)?;
    call.make(change, Command::ModifyVpcAttribute { vpc, attribute }).await?;
    Ok(Xml::yes())
}
