//! `DescribeSecurityGroups`: lists the caller's security groups.

use crate::{
    api::Call,
    ec2::{
        describe::{Identified, Listed, Listing},
        id::{ids, not_found},
        shape::security_group::SecurityGroupView,
    },
    query::{Fault, Xml, fault::quoted},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let mut ids = ids(&input, SecurityGroupView::IDS)?;
    ids.sort_unstable();
    ids.dedup();
    let names = input.texts("GroupName")?;
    let listing = Listing::read::<SecurityGroupView>(call, &input, SecurityGroupView::IDS)?;
    let ready = call.ready(&input)?;
    let view = ready.registry().view(call.caller());
    let mut groups = if ids.is_empty() {
        SecurityGroupView::all(view)
    } else {
        let find = |id| SecurityGroupView::find(view, id).ok_or_else(|| not_found(id));
        ids.into_iter().map(find).collect::<Result<_, _>>()?
    };
    if !names.is_empty() {
        groups.retain(|group| names.contains(&group.name()));
        if let Some(name) = names.iter().find(|name| !groups.iter().any(|it| it.name() == **name)) {
            let message = format!("The security group '{}' does not exist", quoted(name));
            return Err(Fault::new("InvalidGroup.NotFound", message));
        }
    }
    Ok(listing.answer(call, groups))
}
