//! `DescribeVpcEndpointAssociations`: lists nothing, in the right shape.

use model::VpcEndpointId;

use crate::{
    api::Call,
    ec2::{
        describe::{Listed, Listing},
        id::{ids, not_found},
        shape::absent::AssociationView,
    },
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let endpoints: Vec<VpcEndpointId> = ids(&input, "VpcEndpointId")?;
    let listing = Listing::read::<AssociationView>(call, &input, "VpcEndpointId")?;
    let ready = call.ready(&input)?;
    let view = ready.registry().view(call.caller());
    if let Some(unknown) = endpoints.into_iter().find(|id| view.endpoint(*id).is_err()) {
        return Err(not_found(unknown));
    }
    Ok(listing.answer(call, AssociationView::all(view)))
}
