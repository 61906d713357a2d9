//! `DescribeVpcEndpointConnectionNotifications`: lists the caller's connection notifications.

use control_core::describe::View;
use model::NotificationId;

use crate::{
    api::Call,
    ec2::{
        describe::{Listed, Listing},
        id::{not_found, parse_id},
        shape::notification::NotificationView,
    },
    query::{Fault, Xml},
};

const ID: &str = "ConnectionNotificationId";

/// Unlike elsewhere, one id may be asked for, and not a list of them.
pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let id = input.text(ID)?.map(parse_id::<NotificationId>).transpose()?;
    let listing = Listing::read::<NotificationView>(call, &input, ID)?;
    let ready = call.ready(&input)?;
    let view = ready.registry().view(call.caller());
    let listed = match id {
        None => NotificationView::all(view),
        Some(id) => vec![find(view, id)?],
    };
    Ok(listing.answer(call, listed))
}

fn find(view: View<'_>, id: NotificationId) -> Result<NotificationView, Fault> {
    let found = view.notification(id).map_err(|_| not_found(id))?;
    Ok(NotificationView::new(view, found))
}
