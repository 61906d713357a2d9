//! `RemoveListenerCertificates`: takes a certificate from those that a TLS listener chooses from.

use control_core::Command;

use crate::{
    api::Call,
    elb::{arns::Arns, tls},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let registry = call.registry();
    let arns = Arns(registry.view(call.caller()));
    let listener = arns.listener(input.required_text("ListenerArn")?)?.id;
    let missing = || Fault::missing_parameter("Certificates");
    let certificate = tls::certificate(&input)?.ok_or_else(missing)?.into();
    let change = call.change(&input)?;
    call.make(change, Command::RemoveListenerCertificate { listener, certificate }).await?;
    Ok(Xml::new())
}
