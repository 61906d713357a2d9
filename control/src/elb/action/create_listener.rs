//! `CreateListener`: has a load balancer listen on a port.

use control_core::{Command, Outcome, command::CreateListener};

use crate::{
    api::Call,
    elb::{arns::Arns, forward, shape::listener::write, tag, tls},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let missing = |name| move || Fault::missing_parameter(name);
    let command = Command::CreateListener(CreateListener {
        load_balancer: arns.load_balancer(input.required_text("LoadBalancerArn")?)?.id,
        port: input.required("Port", "a port from 1 to 65535")?,
        protocol: forward::protocol(&input)?.ok_or_else(missing("Protocol"))?,
        tls: tls::read(&input)?,
        forward: forward::read(&input, arns)?.ok_or_else(missing("DefaultActions"))?,
        tags: tag::read(&input)?,
    });
    let change = call.change(&input)?;

    let Outcome::Listener(listener) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    xml.list("Listeners", "member", [&listener], |xml, listener| write(xml, arns, listener));
    Ok(xml)
}
