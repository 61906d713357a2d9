//! `DescribeVpcEndpointServiceConfigurations`: lists the caller's endpoint services.

use crate::{
    api::Call,
    ec2::{describe::describe, shape::service::ServiceView},
    query::{Fault, Xml},
};

pub(super) async fn run(call: &Call<'_>) -> Result<Xml, Fault> {
    describe::<ServiceView>(call)
}
