//! `DeleteVpcEndpoints`: removes endpoints of the caller's, each on its own.

use control_core::Command;

use crate::{
    api::Call,
    ec2::{
        id::required_ids,
        unsuccessful::{each, recoded},
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let ids = required_ids(&input, "VpcEndpointId")?;
    let ready = call.ready(&input)?;
    // The code that this operation's list has for it (control-api 1.5).
    let worded =
        |fault| recoded(fault, "InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound");
    each(call, &ready, ids, |endpoint| Command::DeleteEndpoint { endpoint }, worded).await
}
