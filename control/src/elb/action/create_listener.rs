//! `CreateListener`.

use control_core::{Command, Outcome, command::CreateListener};

use crate::{
    api::Call,
    elb::{arn::Arns, code, member, shape},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    input.refuse(&["SslPolicy", "Certificates", "AlpnPolicy", "MutualAuthentication"])?;
    let lb = input.required_text("LoadBalancerArn")?;
    let port = member::port(&input, "Port")?.ok_or_else(|| Fault::missing_parameter("Port"))?;
    let protocol = member::protocol(&input)?.ok_or_else(|| Fault::missing_parameter("Protocol"))?;
    let forward =
        member::forward(&input)?.ok_or_else(|| Fault::missing_parameter("DefaultActions"))?;
    let tags = member::tags(&input)?;
    let ready = call.ready(&input)?;
    let arns = Arns::new(ready.registry(), &call.caller().account);
    let load_balancer = arns.load_balancer(lb)?.id;
    let forward = member::resolve(forward, &arns)?;
    let create = CreateListener { load_balancer, port, protocol, forward, tags };
    let outcome = call.make_each(&ready, Command::CreateListener(create)).await?;
    let Outcome::Listener(listener) = outcome else { return Err(code::unexpected(&outcome)) };
    let mut xml = Xml::new();
    shape::listener::write_all(&mut xml, ready.registry(), call.caller(), [&*listener]);
    Ok(xml)
}
