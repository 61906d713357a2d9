//! `DescribeNetworkAcls`: lists nothing, in the right shape.

use crate::{
    api::Call,
    ec2::{
        describe::{Listed, Listing},
        shape::absent::NetworkAclView,
    },
    query::{Fault, Xml, fault::quoted},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let ids = input.texts("NetworkAclId")?;
    let listing = Listing::read::<NetworkAclView>(call, &input, "NetworkAclId")?;
    let ready = call.ready(&input)?;
    if let Some(id) = ids.first() {
        let message = format!("The networkAcl ID '{}' does not exist", quoted(id));
        return Err(Fault::new("InvalidNetworkAclID.NotFound", message));
    }
    let all = NetworkAclView::all(ready.registry().view(call.caller()));
    Ok(listing.answer(call, all))
}
