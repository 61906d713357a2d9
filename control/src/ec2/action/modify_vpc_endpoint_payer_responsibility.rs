//! `ModifyVpcEndpointPayerResponsibility`: has another account pay for an endpoint. Each of the two
//! can take it upon itself only: the consumer by the endpoint's id, the provider by its service's,
//! too.

use control_core::{Command, Outcome, resource::Payer};
use model::ServiceId;

use crate::{
    api::Call,
    ec2::{
        id::{parse_id, required_id},
        shape::payer,
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let service: Option<ServiceId> = match input.text("ServiceId")? {
        Some(text) => Some(parse_id(text)?),
        None => None,
    };
    let endpoint = required_id(&input, "VpcEndpointId")?;
    let resources = "resource-gateway-account";
    let payer = input
        .choice(
            "PayerResponsibility",
            &[
                (payer::ENDPOINT_OWNER, Some(Payer::EndpointOwner)),
                (payer::SERVICE_OWNER, Some(Payer::ServiceOwner)),
                (resources, None),
            ],
        )?
        .ok_or_else(|| Fault::missing_parameter("PayerResponsibility"))?;
    let is_served = input
        .choice("Scope", &[(payer::SCOPE, true), ("resource-gateway-charges", false)])?
        .ok_or_else(|| Fault::missing_parameter("Scope"))?;
    let Some(payer) = payer.filter(|_| is_served) else {
        let message = "Resource endpoints and their gateways are not supported here.";
        return Err(Fault::new("UnsupportedOperation", message));
    };
    let change = call.change(&input)?;

    let command = Command::ModifyEndpointPayer { service, endpoint, payer };
    let Outcome::Endpoint(endpoint) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    xml.value("vpcEndpointId", endpoint.id);
    payer::write(&mut xml, endpoint.payer);
    Ok(xml)
}
