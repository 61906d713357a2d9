//! `DeleteNetworkInterface`: never done, as every interface here is an endpoint's and goes with it.

use model::InterfaceId;

use crate::{
    api::Call,
    ec2::id::{not_found, required_id},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let id: InterfaceId = required_id(&input, "NetworkInterfaceId")?;
    call.ready(&input)?;
    let registry = call.registry();
    registry.view(call.caller()).network_interface(id).map_err(|_| not_found(id))?;
    let message = format!("Network interface '{id}' is currently in use.");
    Err(Fault::new("InvalidParameterValue", message))
}
