//! `CreateVpcEndpoint`: asks for a connection to an endpoint service.

use control_core::{
    Command, Outcome,
    command::CreateEndpoint,
    resource::{ResourceKind, ServiceName},
};
use model::IpAddressType;

use crate::{
    api::Call,
    ec2::{
        describe::Listed,
        endpoint_input::{check_dns_options, policy, subnet_addresses},
        id::{ids, required_id},
        shape::{DNS_RECORD_IP_TYPES, IP_ADDRESS_TYPES, endpoint::EndpointView},
        tag,
    },
    query::{Fault, Input, Xml},
};

const UNSUPPORTED: &[&str] = &[
    "ResourceConfigurationArn",
    "RouteTableId",
    "ServiceNetworkArn",
];

/// The types of endpoints that AWS has besides; none is served here.
const OTHER_TYPES: &[&str] =
    &["Gateway", "GatewayLoadBalancer", "Resource", "ServiceNetwork", "Tunnel"];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    check_type(&input)?;
    if let Some(region) = input.text("ServiceRegion")? {
        call.check_regions(&[region])?;
    }
    let token = input.text("ClientToken")?;
    let options = input.structure("DnsOptions");
    check_dns_options(&options)?;
    let command = Command::CreateEndpoint(CreateEndpoint {
        vpc: required_id(&input, "VpcId")?,
        service_name: ServiceName(input.required_text("ServiceName")?.to_owned()),
        subnets: ids(&input, "SubnetId")?,
        addresses: subnet_addresses(&input)?,
        ip_address_type: input
            .choice("IpAddressType", &IP_ADDRESS_TYPES)?
            .unwrap_or(IpAddressType::Ipv4),
        dns_record_ip_type: options.choice("DnsRecordIpType", &DNS_RECORD_IP_TYPES)?,
        private_dns: input.boolean("PrivateDnsEnabled")?.unwrap_or(false),
        security_groups: ids(&input, "SecurityGroupId")?.into_iter().collect(),
        policy: policy(&input)?,
        tags: tag::specification(&input, ResourceKind::Endpoint)?,
        client_token: token.map(Into::into),
    });
    let change = call.change(&input)?;

    let Outcome::Endpoint(endpoint) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let registry = call.registry();
    let endpoint = EndpointView::new(registry.view(call.caller()), &endpoint);
    let mut xml = Xml::new();
    xml.element("vpcEndpoint", |xml| endpoint.write(xml));
    xml.option("clientToken", token);
    Ok(xml)
}

/// AWS's default is a gateway endpoint, which is not served: saying nothing means an interface
/// endpoint here, so that a forgotten member does no harm.
fn check_type(input: &Input<'_>) -> Result<(), Fault> {
    match input.text("VpcEndpointType")? {
        None | Some("Interface") => Ok(()),
        Some(other) if OTHER_TYPES.contains(&other) => Err(Fault::new(
            "UnsupportedOperation",
            format!("VPC endpoints of the type {other} are not supported here."),
        )),
        Some(_) => {
            Err(Fault::new("InvalidVpcEndpointType", "The VPC endpoint type is not valid."))
        }
    }
}
