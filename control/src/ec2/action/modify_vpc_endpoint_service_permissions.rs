//! `ModifyVpcEndpointServicePermissions`: says whom a service admits.

use control_core::{Command, Outcome, Principal};

use crate::{
    api::Call,
    ec2::{id::required_id, shape::permission::PermissionView},
    query::{Fault, Input, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let service = required_id(&input, "ServiceId")?;
    input.choice("PermissionType", &[("vpc-endpoint", ())])?;
    let add = principals(&input, "AddAllowedPrincipals")?;
    let remove = principals(&input, "RemoveAllowedPrincipals")?;
    if add.is_empty() && remove.is_empty() {
        return Err(Fault::missing_parameter("AddAllowedPrincipals or RemoveAllowedPrincipals"));
    }
    let change = call.change(&input)?;

    let command = Command::ModifyServicePermissions { service, add, remove };
    let Outcome::PermissionsAdded(added) = call.make(change, command).await? else {
        return Err(Fault::internal());
    };
    let mut xml = Xml::new();
    xml.list("addedPrincipalSet", "item", added, |xml, permission| {
        PermissionView(permission).write_added(xml);
    });
    xml.value("return", true);
    Ok(xml)
}

fn principals(input: &Input<'_>, name: &str) -> Result<Vec<Principal>, Fault> {
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            Fault::invalid_value(name, text, "* or the ARN of an account, a user or a role")
        })
    };
    input.texts(name)?.into_iter().map(parse).collect()
}
