//! A listener as ELBv2 shows it.

use control_core::resource::Listener;
use model::{Protocol, WeightedTargetGroup};

use super::super::arns::Arns;
use crate::query::Xml;

/// Writes its members.
pub(in crate::elb) fn write(xml: &mut Xml, arns: Arns<'_>, listener: &Listener) {
    xml.text("ListenerArn", arns.of_listener(listener));
    let lb = arns.0.load_balancer(listener.load_balancer).ok();
    xml.option("LoadBalancerArn", lb.map(|lb| arns.of_load_balancer(lb)));
    xml.value("Port", listener.port);
    xml.text("Protocol", protocol(listener.protocol));
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

/// A protocol as ELBv2 writes it.
pub(in crate::elb) fn protocol(of: Protocol) -> &'static str {
    match of {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::TcpUdp => "TCP_UDP",
        Protocol::Tls => "TLS",
    }
}

fn arn(arns: Arns<'_>, forward: &WeightedTargetGroup) -> Option<String> {
    arns.0.target_group(forward.group).ok().map(|group| arns.of_target_group(group))
}
