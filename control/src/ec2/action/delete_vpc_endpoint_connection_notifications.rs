//! `DeleteVpcEndpointConnectionNotifications`: the caller no longer wants to be told; each on its
//! own.

use control_core::Command;

use crate::{
    api::Call,
    ec2::{id::required_ids, unsuccessful::each},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let ids = required_ids(&input, "ConnectionNotificationId")?;
    let ready = call.ready(&input)?;
    let command = |notification| Command::DeleteNotification { notification };
    each(call, &ready, ids, command, std::convert::identity).await
}
