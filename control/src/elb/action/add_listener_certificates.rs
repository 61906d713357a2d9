//! `AddListenerCertificates`: adds a certificate to those that a TLS listener chooses from.

use control_core::{Command, Outcome};

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

    let command = Command::AddListenerCertificate { listener, certificate };
    let Outcome::Listener(listener) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let listed = listener.tls.iter().flat_map(|tls| &tls.certificates);
    let mut xml = Xml::new();
    xml.list("Certificates", "member", listed, |xml, arn| {
        xml.text("CertificateArn", arn);
        xml.value("IsDefault", false);
    });
    Ok(xml)
}
