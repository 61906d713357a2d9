//! `DescribeAccountAttributes`: says what holds for every account here: VPCs only, none of them the
//! default one. The limits that EC2 lists besides are of instances and addresses.

use crate::{
    api::Call,
    query::{Fault, Xml},
};

/// The attributes with their values.
const ATTRIBUTES: [(&str, &str); 2] = [("supported-platforms", "VPC"), ("default-vpc", "none")];

/// The other attributes that EC2 has: nothing here has them.
const OTHERS: [&str; 4] = [
    "max-elastic-ips",
    "max-instances",
    "vpc-max-elastic-ips",
    "vpc-max-security-groups-per-interface",
];

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let names = input.texts("AttributeName")?;
    let known =
        |name: &&str| OTHERS.contains(name) || ATTRIBUTES.iter().any(|(one, _)| one == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Err(Fault::invalid_value("AttributeName", unknown, "an attribute of accounts"));
    }
    call.ready(&input)?;
    let asked = |name: &&(&str, &str)| names.is_empty() || names.contains(&name.0);
    let mut xml = Xml::new();
    xml.list("accountAttributeSet", "item", ATTRIBUTES.iter().filter(asked), |xml, (name, value)| {
        xml.text("attributeName", *name);
        xml.list("attributeValueSet", "item", [*value], |xml, value| {
            xml.text("attributeValue", value);
        });
    });
    Ok(xml)
}
