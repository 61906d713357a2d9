//! `DescribeAccountLimits`: says how much of everything the caller may have.

use control_core::quota::Quota;

use crate::{
    api::Call,
    query::{Fault, Xml},
};

/// The limits that are kept to here, by their names.
const LIMITS: [(&str, Quota); 6] = [
    ("certificates-per-network-load-balancer", Quota::CertificatesPerListener),
    ("listeners-per-network-load-balancer", Quota::ListenersPerLoadBalancer),
    ("network-load-balancers", Quota::LoadBalancersPerAccount),
    ("target-groups", Quota::TargetGroupsPerAccount),
    ("target-groups-per-action-on-network-load-balancer", Quota::TargetGroupsPerListener),
    ("targets-per-target-group", Quota::TargetsPerTargetGroup),
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let request = call.page(&input, "")?;
    let ready = call.ready(&input)?;

    let quotas = &ready.registry().settings().quotas;
    let page = request.cut(LIMITS.into_iter(), |(name, _)| (*name).to_owned());
    let mut xml = Xml::new();
    xml.list("Limits", "member", page.items, |xml, (name, quota)| {
        xml.text("Name", name);
        xml.value("Max", quotas.limit(&call.caller().account, quota));
    });
    xml.option("NextMarker", call.next_token(page.last));
    Ok(xml)
}
