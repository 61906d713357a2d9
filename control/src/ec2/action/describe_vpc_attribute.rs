//! `DescribeVpcAttribute`: shows one attribute of a network.

use control_core::resource::Vpc;

use crate::{
    api::Call,
    ec2::id::required_id,
    query::{Fault, Xml},
};

/// An attribute: its name when asked for, which is its element too, and where the value is.
type Attribute = (&'static str, fn(&Vpc) -> bool);

const ATTRIBUTES: [Attribute; 3] = [
    ("enableDnsSupport", |vpc| vpc.dns_support),
    ("enableDnsHostnames", |vpc| vpc.dns_hostnames),
    // Nothing here counts them.
    ("enableNetworkAddressUsageMetrics", |_| false),
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let id = required_id(&input, "VpcId")?;
    let choices = ATTRIBUTES.map(|attribute| (attribute.0, attribute));
    let attribute = input.choice("Attribute", &choices)?;
    let (name, value) = attribute.ok_or_else(|| Fault::missing_parameter("Attribute"))?;
    let ready = call.ready(&input)?;
    let found = ready.registry().view(call.caller()).vpc(id);
    let vpc = found.map_err(|refusal| call.fault(&refusal))?;
    let mut xml = Xml::new();
    xml.value("vpcId", vpc.id);
    xml.element(name, |xml| xml.value("value", value(vpc)));
    Ok(xml)
}
