//! A listener as ELBv2 shows it.

use control_core::{Caller, Registry, resource::Listener};
use model::Protocol;

use crate::{elb::arn::Arns, query::Xml};

/// `Listeners`.
pub(in crate::elb) fn write_all<'r>(
    xml: &mut Xml,
    registry: &Registry,
    caller: &Caller,
    listeners: impl IntoIterator<Item = &'r Listener>,
) {
    let arns = Arns::new(registry, &caller.account);
    xml.list("Listeners", "member", listeners, |xml, listener| {
        xml.text("ListenerArn", arns.of_listener(listener));
        let lb = registry.load_balancer(listener.load_balancer);
        xml.option("LoadBalancerArn", lb.map(|lb| arns.of_load_balancer(lb)));
        xml.value("Port", listener.port);
        xml.text("Protocol", protocol(listener.protocol));
        xml.list("DefaultActions", "member", [listener], |xml, listener| {
            write_forward(xml, registry, &arns, listener);
        });
    });
}

/// Clients look for the group in `TargetGroupArn` where there is one, and in `ForwardConfig`
/// always.
fn write_forward(xml: &mut Xml, registry: &Registry, arns: &Arns<'_>, listener: &Listener) {
    let arn = |id| registry.target_group(id).map(|group| arns.of_target_group(group));
    xml.text("Type", "forward");
    if let [one] = &listener.forward[..] {
        xml.option("TargetGroupArn", arn(one.group));
    }
    xml.value("Order", 1);
    xml.element("ForwardConfig", |xml| {
        xml.list("TargetGroups", "member", &listener.forward, |xml, forward| {
            xml.option("TargetGroupArn", arn(forward.group));
            xml.value("Weight", forward.weight);
        });
        xml.element("TargetGroupStickinessConfig", |xml| xml.value("Enabled", false));
    });
}

/// A protocol by its name.
pub(in crate::elb) fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
    }
}
