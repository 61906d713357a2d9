//! `RejectVpcEndpointConnections`: the provider turns endpoints away, or disconnects them, each on
//! its own.

use control_core::Command;
use model::ServiceId;

use crate::{
    api::Call,
    ec2::{
        id::{required_id, required_ids},
        unsuccessful::each,
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["TransitGatewayAttachmentId"])?;
    let service: ServiceId = required_id(&input, "ServiceId")?;
    let endpoints = required_ids(&input, "VpcEndpointId")?;
    let ready = call.ready(&input)?;
    let view = ready.registry().view(call.caller());
    view.service(service).map_err(|refusal| call.fault(&refusal))?;
    let command = |endpoint| Command::RejectConnection { service, endpoint };
    each(call, &ready, endpoints, command, std::convert::identity).await
}
