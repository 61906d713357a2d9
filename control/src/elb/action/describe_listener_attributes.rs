//! `DescribeListenerAttributes`: lists the attributes of a listener.

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        attribute::{self, listener::all},
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("ListenerArn")?;
    let ready = call.ready(&input)?;
    let found = Arns(ready.registry().view(call.caller())).listener(arn)?;
    Ok(attribute::write(all(found)))
}
