//! `DescribeTargetHealth`: of all targets of a group, or of those named.

use model::TargetAddr;

use crate::{
    api::Call,
    elb::{arn::Arns, member, shape::target_health::Descriptions},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let arn = input.required_text("TargetGroupArn")?;
    let named = member::targets(&input)?;
    input.texts("Include")?;
    let ready = call.ready(&input)?;
    let registry = ready.registry();
    let group = Arns::new(registry, &call.caller().account).target_group(arn)?;
    let health = call.health();
    let descriptions = Descriptions::new(registry, &health, group);
    let mut xml = Xml::new();
    if named.is_empty() {
        let targets = registry.targets_of(group.id);
        descriptions.write(&mut xml, targets.map(|target| (target.addr, Some(&**target))));
    } else {
        let found = named.iter().map(|named| {
            let port = named.port.unwrap_or(group.port).get();
            let addr = TargetAddr((named.ip, port).into());
            let key = control_core::resource::TargetKey { group: group.id, addr };
            (addr, registry.target(key).map(|target| &**target))
        });
        descriptions.write(&mut xml, found);
    }
    Ok(xml)
}
