//! A listener as ELBv2 shows it.

use control_core::resource::Listener;
use model::{AlpnPolicy, WeightedTargetGroup};

use super::super::{arns::Arns, forward::protocol_name, tls::alpn_name};
use crate::query::Xml;

/// Writes its members.
pub(in crate::elb) fn write(xml: &mut Xml, arns: Arns<'_>, listener: &Listener) {
    xml.text("ListenerArn", arns.of_listener(listener));
    let lb = arns.0.load_balancer(listener.load_balancer).ok();
    xml.option("LoadBalancerArn", lb.map(|lb| arns.of_load_balancer(lb)));
    xml.value("Port", listener.port);
    xml.text("Protocol", protocol_name(listener.protocol));
    if let Some(tls) = &listener.tls {
        let default = [&tls.default_certificate];
        xml.list("Certificates", "member", default, |xml, arn| xml.text("CertificateArn", arn));
        xml.text("SslPolicy", &tls.ssl_policy);
        // Clients that did not choose one find nothing to disagree with.
        let chosen = (tls.alpn != AlpnPolicy::None).then(|| alpn_name(tls.alpn));
        if let Some(chosen) = chosen {
            xml.values("AlpnPolicy", "member", [chosen]);
        }
    }
    xml.list("DefaultActions", "member", [&listener.forward], |xml, forward| {
        xml.text("Type", "forward");
        if let [only] = &forward[..] {
            xml.option("TargetGroupArn", arn(arns, only));
        }
        xml.value("Order", 1);
        xml.element("ForwardConfig", |xml| {
            xml.list("TargetGroups", "member", forward, |xml, one| {
                xml.option("TargetGroupArn", arn(arns, one));
                xml.value("Weight", one.weight);
            });
        });
    });
}

fn arn(arns: Arns<'_>, forward: &WeightedTargetGroup) -> Option<String> {
    arns.0.target_group(forward.group).ok().map(|group| arns.of_target_group(group))
}
