//! `ModifyListener`: changes a listener: its port, its protocol, how it terminates TLS, where
//! it forwards to.

use control_core::{Command, Outcome, command::ModifyListener};

use crate::{
    api::Call,
    elb::{arns::Arns, forward, shape::listener::write, tls},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let command = Command::ModifyListener(ModifyListener {
        listener: arns.listener(input.required_text("ListenerArn")?)?.id,
        port: input.parse("Port", "a port from 1 to 65535")?,
        protocol: forward::protocol(&input)?,
        tls: tls::read(&input)?,
        forward: forward::read(&input, arns)?,
    });
    let change = call.change(&input)?;

    let Outcome::Listener(listener) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    xml.list("Listeners", "member", [&listener], |xml, listener| write(xml, arns, listener));
    Ok(xml)
}
