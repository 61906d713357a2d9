//! `DescribeNetworkInterfaces`: lists the interfaces of the caller's endpoints.

use crate::{
    api::Call,
    ec2::{describe::describe, shape::interface::InterfaceView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    // All interfaces here are managed ones; they are listed whatever the caller says.
    call.input().boolean("IncludeManagedResources")?;
    describe::<InterfaceView>(call)
}
