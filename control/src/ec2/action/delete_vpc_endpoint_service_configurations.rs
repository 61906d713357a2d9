//! `DeleteVpcEndpointServiceConfigurations`: removes endpoint services that nobody uses, each on
//! its own.

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
    let ids = required_ids(&input, "ServiceId")?;
    let ready = call.ready(&input)?;
    // Automation keys on this code, which is not the one of the other operations (semantics 3.5).
    let worded = |fault| {
        let (from, to) =
            ("InvalidVpcEndpointServiceId.NotFound", "InvalidVpcEndpointService.NotFound");
        recoded(fault, from, to)
    };
    each(call, &ready, ids, |service| Command::DeleteService { service }, worded).await
}
