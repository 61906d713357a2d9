//! `DescribeListenerAttributes`.

use crate::{
    api::Call,
    elb::{arn::Arns, attribute},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("ListenerArn")?;
    let ready = call.ready(&input)?;
    let listener = Arns::new(ready.registry(), &call.caller().account).listener(arn)?;
    let mut xml = Xml::new();
    attribute::write(&mut xml, attribute::listener_pairs(listener));
    Ok(xml)
}
