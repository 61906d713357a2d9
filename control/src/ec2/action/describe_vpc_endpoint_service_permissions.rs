//! `DescribeVpcEndpointServicePermissions`: lists whom one of the caller's services admits.

use std::sync::Arc;

use model::ServiceId;

use crate::{
    api::Call,
    ec2::{describe::Listing, id::required_id, shape::permission::PermissionView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    let input = call.input();
    let service: ServiceId = required_id(&input, "ServiceId")?;
    let listing = Listing::read::<PermissionView>(call, &input, "")?;
    let ready = call.ready(&input)?;

    let view = ready.registry().view(call.caller());
    let permissions = view.permissions(service).map_err(|refusal| call.fault(&refusal))?;
    let permissions = permissions.map(|permission| PermissionView(Arc::clone(permission)));
    Ok(listing.answer(call, permissions.collect()))
}
