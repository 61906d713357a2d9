//! Operations on several resources that answer with what did not succeed, and status 200.

use std::collections::BTreeSet;

use control_core::Command;

use super::id::WireId;
use crate::{
    api::{Call, Ready},
    query::{Fault, Xml},
};

/// Submits a command for each id, and writes `unsuccessful`. Every id gets its own command: one
/// that fails does not keep the others from happening. `worded` may give an item's fault its code.
pub(super) async fn each<I: WireId>(
    call: &Call<'_>,
    ready: &Ready,
    ids: Vec<I>,
    command: impl Fn(I) -> Command,
    worded: impl Fn(Fault) -> Fault,
) -> Result<Xml, Fault> {
    let mut failed = Vec::new();
    let mut seen = BTreeSet::new();
    for id in ids.into_iter().filter(|id| seen.insert(*id)) {
        match call.make_each(ready, command(id)).await {
            Ok(_) => {}
            Err(fault) if fault.status.is_server_error() => return Err(fault),
            Err(fault) => failed.push((id, worded(fault))),
        }
    }
    let mut xml = Xml::new();
    xml.list("unsuccessful", "item", failed, |xml, (id, fault)| {
        xml.value("resourceId", id);
        xml.element("error", |xml| {
            xml.text("code", fault.code);
            xml.text("message", &fault.message);
        });
    });
    Ok(xml)
}

/// The fault with another code, if it has the first one.
pub(super) fn recoded(mut fault: Fault, from: &str, to: &'static str) -> Fault {
    if fault.code == from {
        fault.code = to;
    }
    fault
}
