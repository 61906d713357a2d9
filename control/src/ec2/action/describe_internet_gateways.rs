//! `DescribeInternetGateways`: lists nothing, in the right shape.

use crate::{
    api::Call,
    ec2::{
        describe::{Listed, Listing},
        shape::absent::InternetGatewayView,
    },
    query::{Fault, Xml, fault::quoted},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let ids = input.texts("InternetGatewayId")?;
    let listing = Listing::read::<InternetGatewayView>(call, &input, "InternetGatewayId")?;
    let ready = call.ready(&input)?;
    if let Some(id) = ids.first() {
        let message = format!("The internetGateway ID '{}' does not exist", quoted(id));
        return Err(Fault::new("InvalidInternetGatewayID.NotFound", message));
    }
    let all = InternetGatewayView::all(ready.registry().view(call.caller()));
    Ok(listing.answer(call, all))
}
