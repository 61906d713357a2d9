//! `DescribeTargetHealth`: says which targets of a group take connections, and why the others do
//! not.

use std::{num::NonZeroU16, sync::Arc};

use control_core::{
    describe::View,
    resource::{Target, TargetGroup, TargetName},
};

use crate::{
    api::Call,
    elb::{
        arns::Arns,
        target::{self, Report},
    },
    query::{Fault, Input, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("TargetGroupArn")?;
    let asked = target::read(&input)?;
    include(&input)?;
    let ready = call.ready(&input)?;

    let view = ready.registry().view(call.caller());
    let group = Arns(view).target_group(arn)?;
    let used_by = view.load_balancers_of(group.id);
    let health = call.health();
    let registered: Vec<&Arc<Target>> =
        view.targets(group.id).map_err(|refusal| call.fault(&refusal))?.collect();
    let all: Vec<(TargetName, NonZeroU16, Option<&Arc<Target>>)> = if asked.is_empty() {
        let listed = registered.into_iter().map(|it| (it.id(), port_of(it, group), Some(it)));
        listed.collect()
    } else {
        let find = |id: &TargetName, port: NonZeroU16| {
            let mut found = registered.iter().copied();
            found.find(|it| it.id() == *id && it.addr.port() == port.get())
        };
        let asked = asked.into_iter().map(|it| (it.id, it.port.unwrap_or(group.port)));
        asked.map(|(id, port)| (id.clone(), port, find(&id, port))).collect()
    };

    let mut xml = Xml::new();
    xml.list("TargetHealthDescriptions", "member", all, |xml, (id, port, target)| {
        write_target(xml, view, &id, port, target);
        xml.value("HealthCheckPort", group.health_check.port.unwrap_or(port));
        let report = target.map(|target| {
            let is_known = view.settings().knows(target);
            Report::of(target, is_known, Report::is_used(target, &used_by), &health)
        });
        report.unwrap_or_else(Report::unregistered).write(xml);
    });
    Ok(xml)
}

/// Reads what to include besides: anomalies, which are not looked for as AWS means it.
fn include(input: &Input<'_>) -> Result<(), Fault> {
    let known = |word: &&str| ["All", "AnomalyDetection"].contains(word);
    match input.texts("Include")?.iter().find(|word| !known(word)) {
        Some(other) => Err(Fault::invalid_value("Include", other, "AnomalyDetection or All")),
        None => Ok(()),
    }
}

/// No target is registered with port 0, which no port of a group is.
fn port_of(target: &Target, group: &TargetGroup) -> NonZeroU16 {
    NonZeroU16::new(target.addr.port()).unwrap_or(group.port)
}

fn write_target(
    xml: &mut Xml,
    view: View<'_>,
    id: &TargetName,
    port: NonZeroU16,
    target: Option<&Arc<Target>>,
) {
    xml.element("Target", |xml| {
        xml.value("Id", id);
        xml.value("Port", port);
        let Some(target) = target else { return };
        let zone = target.zone.as_ref().map(|zone| {
            let name = view.settings().zone_name(&view.caller().account, zone);
            name.map_or_else(|| zone.to_string(), ToString::to_string)
        });
        xml.text("AvailabilityZone", zone.unwrap_or_else(|| "all".to_owned()));
    });
}
