//! `DescribePrefixLists`: lists nothing, in the right shape.

use crate::{
    api::Call,
    ec2::{
        describe::{Listed, Listing},
        shape::absent::PrefixListView,
    },
    query::{Fault, Xml, fault::quoted},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let ids = input.texts("PrefixListId")?;
    let listing = Listing::read::<PrefixListView>(call, &input, "PrefixListId")?;
    let ready = call.ready(&input)?;
    if let Some(id) = ids.first() {
        let message = format!("The prefix list ID '{}' does not exist", quoted(id));
        return Err(Fault::new("InvalidPrefixListId.NotFound", message));
    }
    let all = PrefixListView::all(ready.registry().view(call.caller()));
    Ok(listing.answer(call, all))
}
