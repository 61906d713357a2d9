//! `DescribeListenerCertificates`: lists the default certificate of a TLS listener and those that
//! it chooses from.

use std::sync::Arc;

use crate::{
    api::Call,
    elb::arns::Arns,
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("ListenerArn")?;
    let request = call.page(&input, "")?;
    let ready = call.ready(&input)?;

    let listener = Arns(ready.registry().view(call.caller())).listener(arn)?;
    // One that is both is listed twice.
    let mut found: Vec<(bool, &Arc<str>)> = Vec::new();
    if let Some(tls) = &listener.tls {
        found.push((true, &tls.default_certificate));
        found.extend(tls.certificates.iter().map(|arn| (false, arn)));
    }
    let key = |(is_default, arn): &(bool, &Arc<str>)| format!("{}{arn}", u8::from(!is_default));
    let page = request.cut(found.into_iter(), key);
    let mut xml = Xml::new();
    xml.list("Certificates", "member", page.items, |xml, (is_default, arn)| {
        xml.text("CertificateArn", arn);
        xml.value("IsDefault", is_default);
    });
    xml.option("NextMarker", call.next_token(page.last));
    Ok(xml)
}
