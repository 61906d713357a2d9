//! `DescribeSSLPolicies`: lists the security policies that TLS listeners may have, with what is
//! spoken under each.

use control_core::resource::ssl_policy::{self, SslPolicy};

use crate::{
    api::Call,
    query::{Fault, Xml, fault::quoted},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let names = input.texts("Names")?;
    let of = input.text("LoadBalancerType")?;
    let request = call.page(&input, "")?;
    call.ready(&input)?;

    let found: Vec<SslPolicy> = match (&names[..], of) {
        (_, Some("application" | "gateway")) => Vec::new(),
        ([], _) => ssl_policy::ALL.to_vec(),
        (names, _) => {
            let mut found: Vec<_> = names.iter().map(|name| named(name)).collect::<Result<_, _>>()?;
            found.sort_by_key(|policy| policy.name);
            found.dedup();
            found
        }
    };
    let page = request.cut(found.into_iter(), |policy| policy.name.to_owned());
    let mut xml = Xml::new();
    xml.list("SslPolicies", "member", page.items, write);
    xml.option("NextMarker", call.next_token(page.last));
    Ok(xml)
}

fn named(name: &str) -> Result<SslPolicy, Fault> {
    SslPolicy::named(name).ok_or_else(|| {
        Fault::new("SSLPolicyNotFound", format!("SSL policy '{}' not found", quoted(name)))
    })
}

fn write(xml: &mut Xml, policy: SslPolicy) {
    xml.values("SslProtocols", "member", policy.protocols());
    xml.list("Ciphers", "member", (1_u32..).zip(policy.ciphers()), |xml, (priority, name)| {
        xml.text("Name", name);
        xml.value("Priority", priority);
    });
    xml.text("Name", policy.name);
    xml.values("SupportedLoadBalancerTypes", "member", ["network"]);
}
