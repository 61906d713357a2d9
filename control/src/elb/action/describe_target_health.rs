//! `DescribeTargetHealth`: says which targets of a group take connections, and why the others do
//! not.

use std::{net::SocketAddr, sync::Arc};

use control_core::{command::TargetDescription, describe::View, resource::Target};
use model::TargetAddr;

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        target::{self, Report},
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("TargetGroupArn")?;
    let asked = target::read(&input)?;
    // What could be included besides, anomalies, is not looked for.
    input.texts("Include")?;
    let ready = call.ready(&input)?;

    let view = ready.registry().view(call.caller());
    let group = Arns(view).target_group(arn)?;
    let is_used = !view.load_balancers_of(group.id).is_empty();
    let health = call.health();
    let registered: Vec<&Arc<Target>> =
        view.targets(group.id).map_err(|refusal| call.fault(&refusal))?.collect();
    let addr = |one: &TargetDescription| {
        TargetAddr(SocketAddr::new(one.ip, one.port.unwrap_or(group.port).get()))
    };
    let all: Vec<(TargetAddr, Option<&Arc<Target>>)> = if asked.is_empty() {
        registered.into_iter().map(|target| (target.addr, Some(target))).collect()
    } else {
        let find = |addr| registered.iter().copied().find(|target| target.addr == addr);
        asked.iter().map(addr).map(|addr| (addr, find(addr))).collect()
    };

    let mut xml = Xml::new();
    xml.list("TargetHealthDescriptions", "member", all, |xml, (addr, target)| {
        write_target(xml, view, addr, target);
        let port = group.health_check.port.map_or_else(|| addr.port(), Into::into);
        xml.value("HealthCheckPort", port);
        let report = target.map(|target| Report::of(target, is_used, &health));
        report.unwrap_or_else(Report::unregistered).write(xml);
    });
    Ok(xml)
}

fn write_target(xml: &mut Xml, view: View<'_>, addr: TargetAddr, target: Option<&Arc<Target>>) {
    xml.element("Target", |xml| {
        xml.value("Id", addr.ip());
        xml.value("Port", addr.port());
        let Some(target) = target else { return };
        let zone = target.zone.as_ref().map(|zone| {
            let name = view.settings().zone_name(&view.caller().account, zone);
            name.map_or_else(|| zone.to_string(), ToString::to_string)
        });
        xml.text("AvailabilityZone", zone.unwrap_or_else(|| "all".to_owned()));
    });
}
