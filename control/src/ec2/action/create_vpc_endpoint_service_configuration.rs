//! `CreateVpcEndpointServiceConfiguration`: offers load balancers to other accounts.

use control_core::{Command, Outcome, command::CreateService, resource::ResourceKind};

use crate::{
    api::Call,
    ec2::{
        describe::Listed,
        service_input::{ip_address_types, load_balancers, private_dns_name, regions},
        shape::service::ServiceView,
        tag,
    },
    query::{Fault, Xml},
};

const UNSUPPORTED: &[&str] = &["GatewayLoadBalancerArn"];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(UNSUPPORTED)?;
    let token = input.text("ClientToken")?;
    let command = Command::CreateService(CreateService {
        load_balancers: load_balancers(call, &input, "NetworkLoadBalancerArn")?,
        // AWS's default: nobody is let in unseen.
        acceptance_required: input.boolean("AcceptanceRequired")?.unwrap_or(true),
        ip_address_types: ip_address_types(&input, "SupportedIpAddressType")?,
        private_dns_name: private_dns_name(&input)?,
        supported_regions: regions(&input, "SupportedRegion")?,
        catalog: None,
        tags: tag::specification(&input, ResourceKind::Service)?,
        client_token: token.map(Into::into),
    });
    let change = call.change(&input)?;

    let Outcome::Service(service) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let registry = call.registry();
    let service = ServiceView::new(registry.view(call.caller()), &service);
    let mut xml = Xml::new();
    xml.element("serviceConfiguration", |xml| service.write(xml));
    xml.option("clientToken", token);
    Ok(xml)
}
