//! `ModifyListenerAttributes`: all of them, or none.

use control_core::{Command, Outcome};

use crate::{
    api::Call,
    elb::{arn::Arns, attribute, code},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("ListenerArn")?;
    let attributes = attribute::read(&input, attribute::of_listener)?;
    let ready = call.ready(&input)?;
    let listener = Arns::new(ready.registry(), &call.caller().account).listener(arn)?.id;
    let modify = Command::ModifyListenerAttributes { listener, attributes };
    let outcome = call.make_each(&ready, modify).await?;
    let Outcome::Listener(listener) = outcome else { return Err(code::unexpected(&outcome)) };
    let mut xml = Xml::new();
    attribute::write(&mut xml, attribute::listener_pairs(&listener));
    Ok(xml)
}
