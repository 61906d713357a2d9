//! `ModifyListener`: port, protocol, where connections go.

use control_core::{Command, Outcome, command::ModifyListener};

use crate::{
    api::Call,
    elb::{arn::Arns, code, member, shape},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["SslPolicy", "Certificates", "AlpnPolicy", "MutualAuthentication"])?;
    let arn = input.required_text("ListenerArn")?;
    let port = member::port(&input, "Port")?;
    let protocol = member::protocol(&input)?;
    let forward = member::forward(&input)?;
    let ready = call.ready(&input)?;
    let arns = Arns::new(ready.registry(), &call.caller().account);
    let listener = arns.listener(arn)?.id;
    let forward = forward.map(|forward| member::resolve(forward, &arns)).transpose()?;
    let modify = ModifyListener { listener, port, protocol, forward };
    let outcome = call.make_each(&ready, Command::ModifyListener(modify)).await?;
    let Outcome::Listener(listener) = outcome else { return Err(code::unexpected(&outcome)) };
    let mut xml = Xml::new();
    shape::listener::write_all(&mut xml, ready.registry(), call.caller(), [&*listener]);
    Ok(xml)
}
